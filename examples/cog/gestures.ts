/** Movements that the user asks for. Positions and distances are CSS pixels of the canvas. */
export interface Gestures {
  pan(dx: number, dy: number): void
  /** @param at The position that stays fixed; default: the middle. */
  zoom(factor: number, at?: readonly [number, number]): void
}

const STEP = 80
const KEYS: Record<string, (gestures: Gestures) => void> = {
  ArrowLeft: ({ pan }) => pan(STEP, 0),
  ArrowRight: ({ pan }) => pan(-STEP, 0),
  ArrowUp: ({ pan }) => pan(0, STEP),
  ArrowDown: ({ pan }) => pan(0, -STEP),
  '+': ({ zoom }) => zoom(1.5),
  '=': ({ zoom }) => zoom(1.5),
  '-': ({ zoom }) => zoom(1 / 1.5),
}

/** Translates input from mouse, wheel, touch and keyboard. */
export function listenToGestures(canvas: HTMLCanvasElement, gestures: Gestures): void {
  const pointers = new Map<number, readonly [number, number]>()

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, [event.offsetX, event.offsetY])
  })
  canvas.addEventListener('pointermove', (event) => {
    const before = pointers.get(event.pointerId)
    if (!before) return
    const now = [event.offsetX, event.offsetY] as const
    pointers.set(event.pointerId, now)
    const share = 1 / pointers.size
    gestures.pan((now[0] - before[0]) * share, (now[1] - before[1]) * share)
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
    if (!other) return
    const spread = Math.hypot(before[0] - other[0], before[1] - other[1])
    if (spread > 0)
      gestures.zoom(Math.hypot(now[0] - other[0], now[1] - other[1]) / spread, [
        (now[0] + other[0]) / 2,
        (now[1] + other[1]) / 2,
      ])
  })
  for (const type of ['pointerup', 'pointercancel'] as const)
    canvas.addEventListener(type, ({ pointerId }) => pointers.delete(pointerId))
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault()
      const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1)
      gestures.zoom(2 ** (-pixels / 300), [event.offsetX, event.offsetY])
    },
    { passive: false },
  )
  canvas.addEventListener('keydown', (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key]
    if (!act) return
    event.preventDefault()
    act(gestures)
  })
}
