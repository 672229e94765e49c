/** The visible part: its center, from 0 to 1 of the image, and CSS pixels per pixel of the finest level. */
export interface View {
  readonly x: number
  readonly y: number
  readonly scale: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** The largest scale that a user may zoom to. */
const MAX_SCALE = 3
/** The factor up to which a level is enlarged; beyond it a finer level is read. */
const MAX_ENLARGEMENT = 1.5

/** Limits a view so that the image fills the frame. */
export function clampView({ x, y, scale }: View, frame: Size, image: Size): View {
  const cover = Math.max(frame.width / image.width, frame.height / image.height)
  const clamped = Math.max(cover, Math.min(scale, MAX_SCALE))
  const halfX = frame.width / clamped / image.width / 2
  const halfY = frame.height / clamped / image.height / 2
  return {
    x: Math.max(halfX, Math.min(x, 1 - halfX)),
    y: Math.max(halfY, Math.min(y, 1 - halfY)),
    scale: clamped,
  }
}

/** Zooms around a position in the frame: the point under it does not move. */
export function zoomAt(
  { x, y, scale }: View,
  factor: number,
  [left, top]: readonly [number, number],
  frame: Size,
  image: Size,
): View {
  const dx = (left - frame.width / 2) / image.width
  const dy = (top - frame.height / 2) / image.height
  const next = Math.min(scale * factor, MAX_SCALE)
  return { x: x + dx / scale - dx / next, y: y + dy / scale - dy / next, scale: next }
}

/** The coarsest level, given the finest first, that looks sharp at this scale. */
export function chooseLevel<L extends Size>(
  levels: readonly [L, ...L[]],
  scale: number,
  pixelRatio: number,
): L {
  const [finest] = levels
  const wanted = (finest.width * scale * pixelRatio) / MAX_ENLARGEMENT
  return [...levels].reverse().find(({ width }) => width >= wanted) ?? finest
}

/** The window of a level that the frame shows, in whole pixels of the level. */
export function findWindow(
  { x, y, scale }: View,
  frame: Size,
  image: Size,
  level: Size,
): [x0: number, y0: number, x1: number, y1: number] {
  const halfX = frame.width / scale / image.width / 2
  const halfY = frame.height / scale / image.height / 2
  return [
    Math.max(0, Math.floor((x - halfX) * level.width)),
    Math.max(0, Math.floor((y - halfY) * level.height)),
    Math.min(level.width, Math.ceil((x + halfX) * level.width)),
    Math.min(level.height, Math.ceil((y + halfY) * level.height)),
  ]
}
