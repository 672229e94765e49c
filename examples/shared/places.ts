/** A view, with the zoom of MapLibre; Leaflet's is one more, because its tiles are half as wide. */
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

/** The next stop of a tour around the world, each far from the one before, so that tiles are asked for. */
export function nextPlace(): Place {
  const place = TOUR[next % TOUR.length] ?? START
  next++
  return place
}

/** Whether moves should be jumps. */
export function prefersReducedMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}
