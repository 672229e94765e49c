/** Cuts shapes that cross the antimeridian (180°) into parts that a flat map can draw. */

const WINDOWS = [-540, -180, 180]

/** Makes longitudes continuous: they continue beyond 180° instead of jumping to −180°. */
function unwrap(line) {
  let turn = 0
  return line.map(([lng, lat], index) => {
    const before = index > 0 ? line[index - 1][0] : lng
    if (lng - before > 180) turn -= 360
    else if (before - lng > 180) turn += 360
    return [lng + turn, lat]
  })
}

function crossing([ax, ay], [bx, by], lng) {
  return [lng, ay + ((by - ay) * (lng - ax)) / (bx - ax)]
}

/** Clips a ring at a meridian (Sutherland–Hodgman). */
function clipRing(ring, lng, isInside) {
  const clipped = []
  ring.forEach((point, index) => {
    const before = ring.at(index - 1)
    if (isInside(before[0]) !== isInside(point[0])) clipped.push(crossing(before, point, lng))
    if (isInside(point[0])) clipped.push(point)
  })
  return clipped
}

function ringIn(ring, west) {
  const east = west + 360
  const right = clipRing(ring, west, (lng) => lng >= west)
  const both = clipRing(right, east, (lng) => lng <= east)
  if (both.length < 3) return undefined
  const shifted = both.map(([lng, lat]) => [lng - west - 180, lat])
  return [...shifted, shifted[0]]
}

/** Closes a ring around a pole by a detour along the pole; on a flat map it has no other way to close. */
function closed(ring) {
  const unwrapped = unwrap(ring)
  const [first, last] = [unwrapped[0], unwrapped.at(-1)]
  if (Math.abs(last[0] - first[0]) < 180) return unwrapped.slice(0, -1)
  const pole = Math.sign(first[1]) * 90
  return [...unwrapped, [last[0], pole], [first[0], pole]]
}

/** @returns {number[][][][]} the parts of a polygon */
export function cutPolygon(rings) {
  const flat = rings.map(closed)
  return WINDOWS.map((west) => flat.map((ring) => ringIn(ring, west)))
    .filter(([outer]) => outer !== undefined)
    .map((parts) => parts.filter((ring) => ring !== undefined))
}

const isCut = ([lng]) => Math.abs(lng) > 179.99

/** @returns {number[][][]} the parts of a line, without segments that run along the cut */
export function cutLine(line) {
  const parts = [[]]
  line.forEach((point, index) => {
    const before = line[index - 1]
    if (before && isCut(before) && isCut(point)) parts.push([])
    else if (before && Math.abs(point[0] - before[0]) > 180) {
      const edge = Math.sign(before[0]) * 180
      const meeting = crossing(before, [point[0] + 2 * edge, point[1]], edge)
      parts.at(-1).push(meeting)
      parts.push([[-edge, meeting[1]]])
    }
    parts.at(-1).push(point)
  })
  return parts.filter((part) => part.length > 1)
}
