import type { Place } from '../shared/places.ts'
import type { RunningMaps } from '../shared/stage.ts'
import { listenToGestures } from './gestures.ts'
import type { Level, Part } from './levels.ts'
import { chooseLevel, clampView, findWindow, type View, zoomAt } from './view.ts'

/** How long the view must rest before its window is read, in ms. */
const REST = 150
const START: View = { x: 0.53, y: 0.4, scale: 0 }
const CLOSE = 2

/** The image in a canvas, which the reader can move. */
export interface Viewer extends RunningMaps {
  zoom(factor: number): void
  /** Reads again what could not be read. */
  retry(): void
}

export interface ViewerOptions {
  /** Called for each window: an image that stays open would not be read twice in the same place. */
  open(): Promise<readonly [Level, ...Level[]]>
  /** The whole image, or the window, has been read from this level. */
  onRead(level: Level, isWindow: boolean): void
  onError(error: unknown): void
}

/** Shows the whole image from its coarsest level, then each window from the level that suits it. */
export function createViewer(canvas: HTMLCanvasElement, options: ViewerOptions): Viewer {
  const context = canvas.getContext('2d')
  let levels: readonly [Level, ...Level[]] | undefined
  let image = { width: 2, height: 1 }
  let whole: Part | undefined
  let detail: Part | undefined
  let view = START
  let timer: ReturnType<typeof setTimeout> | undefined
  let isReading = false
  let isStale = true

  const frame = () => ({ width: canvas.clientWidth, height: canvas.clientHeight })

  function draw(): void {
    if (!context) return
    const { width, height } = frame()
    const ratio = devicePixelRatio
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(height * ratio)
    context.imageSmoothingQuality = 'high'
    const across = image.width * view.scale * ratio
    const down = image.height * view.scale * ratio
    const left = canvas.width / 2 - view.x * across
    const top = canvas.height / 2 - view.y * down
    for (const part of [whole, detail]) {
      if (!part) continue
      const x = left + part.x * across
      const y = top + part.y * down
      context.drawImage(part.canvas, x, y, part.width * across, part.height * down)
    }
  }

  function show(next: View): void {
    view = clampView(next, frame(), image)
    isStale = true
    draw()
    clearTimeout(timer)
    timer = setTimeout(() => void read(), REST)
  }

  // One at a time: a window that nobody looks at any more is not worth aborting what others share.
  async function read(): Promise<void> {
    if (isReading || !isStale) return
    isReading = true
    isStale = false
    try {
      await readWhole()
      await readDetail()
    } catch (error) {
      isReading = false
      options.onError(error)
      if (isStale) return read()
      isStale = true
      return
    }
    isReading = false
    await read()
  }

  async function readWhole(): Promise<void> {
    levels = await options.open()
    if (whole) return
    image = levels[0]
    // Until now nobody could tell how large the image is.
    view = clampView({ ...view, scale: START.scale }, frame(), image)
    const coarsest = levels.at(-1) ?? levels[0]
    whole = await coarsest.read([0, 0, coarsest.width, coarsest.height])
    draw()
    options.onRead(coarsest, false)
  }

  async function readDetail(): Promise<void> {
    if (!levels) return
    const level = chooseLevel(levels, view.scale, devicePixelRatio)
    detail = await level.read(findWindow(view, frame(), image, level))
    draw()
    options.onRead(level, true)
  }

  const zoom = (factor: number, at?: readonly [number, number]) => {
    const { width, height } = frame()
    show(zoomAt(view, factor, at ?? [width / 2, height / 2], { width, height }, image))
  }
  listenToGestures(canvas, {
    zoom,
    pan: (dx, dy) =>
      show({
        x: view.x - dx / view.scale / image.width,
        y: view.y - dy / view.scale / image.height,
        scale: view.scale,
      }),
  })
  const resized = new ResizeObserver(() => show(view))
  resized.observe(canvas)

  return {
    zoom,
    retry: () => void read(),
    look: ({ center: [lng, lat] }: Place) =>
      show({ x: (lng + 180) / 360, y: (90 - lat) / 180, scale: CLOSE }),
    remove() {
      clearTimeout(timer)
      resized.disconnect()
    },
  }
}
