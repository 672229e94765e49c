/** A view. The zoom is MapLibre's; Leaflet's is one higher, because its tiles are half as wide. */
export interface Place {
  readonly name: string
  readonly center: readonly [lng: number, lat: number]
  readonly zoom: number
}

export const START: Place = { name: 'Europe', center: [12, 46], zoom: 2.6 }

const TOUR: readonly Place[] = [
  { name: 'Japan', center: [137, 37], zoom: 3 },
  { name: 'Patagonia', center: [-68, -42], zoom: 3 },
  { name: 'East Africa', center: [38, 0], zoom: 2.8 },
  { name: 'the Caribbean', center: [-74, 19], zoom: 2.8 },
  { name: 'New Zealand', center: [171, -41], zoom: 3 },
  { name: 'Scandinavia', center: [17, 63], zoom: 2.8 },
  { name: 'India', center: [79, 22], zoom: 3 },
  { name: 'Alaska', center: [-150, 62], zoom: 2.8 },
  START,
]

let next = 0

/** The next stop of a tour around the world. Stops are far apart, so that each needs new tiles. */
export function nextPlace(): Place {
  const place = TOUR[next % TOUR.length] ?? START
  next++
  return place
}

/** Whether the user prefers jumps to animated moves. */
export function prefersReducedMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}
