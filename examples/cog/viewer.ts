import type { Place } from '../shared/places.ts'
import type { RunningMaps } from '../shared/stage.ts'
import { listenToGestures } from './gestures.ts'
import type { Level, Part } from './levels.ts'
import { chooseLevel, clampView, findWindow, type View, zoomAt } from './view.ts'

/** How long the view must be still before its window is read, in ms. */
const READ_DELAY = 150
const START: View = { x: 0.53, y: 0.4, scale: 0 }
/** Scale of the places that the panel goes to. */
const PLACE_SCALE = 2

/** An image in a canvas, which the user can move and zoom. */
export interface Viewer extends RunningMaps {
  zoom(factor: number): void
  /** Repeats the last read if it failed. */
  retry(): void
}

export interface ViewerOptions {
  /** Called for each window. Opened once, geotiff would answer repeated reads from its own cache. */
  open(): Promise<readonly [Level, ...Level[]]>
  /** Called after a read from this level: of the whole image, or of a window. */
  onRead(level: Level, isWindow: boolean): void
  onError(error: unknown): void
}

/** Shows the whole image from its coarsest level, then each window from the level that fits its scale. */
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
    timer = setTimeout(() => void read(), READ_DELAY)
  }

  // One read at a time. An outdated read is not aborted: the next one shares the blocks that it loads.
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
    // The size of the image is known only now.
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
      show({ x: (lng + 180) / 360, y: (90 - lat) / 180, scale: PLACE_SCALE }),
    remove() {
      clearTimeout(timer)
      resized.disconnect()
    },
  }
}
