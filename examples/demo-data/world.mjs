import { createRequire } from 'node:module'
import { feature, mesh, neighbors } from 'topojson-client'
import { cutLine, cutPolygon } from './antimeridian.mjs'
import { CITIES, OCEANS } from './places.mjs'

const topology = createRequire(import.meta.url)('world-atlas/countries-50m.json')
const { countries } = topology.objects

/** @returns {number[]} a tint from 0 to 5 per country, different from its neighbours' */
function chooseTints() {
  const tints = []
  neighbors(countries.geometries).forEach((around, index) => {
    const taken = new Set(around.map((neighbor) => tints[neighbor]))
    const start = index % 6
    tints[index] =
      [0, 1, 2, 3, 4, 5].map((n) => (n + start) % 6).find((n) => !taken.has(n)) ?? start
  })
  return tints
}

function polygonsOf({ type, coordinates }) {
  return (type === 'Polygon' ? [coordinates] : coordinates).flatMap(cutPolygon)
}

function cutLines({ coordinates }) {
  return { type: 'MultiLineString', coordinates: coordinates.flatMap(cutLine) }
}

function ringArea(ring) {
  let sum = 0
  for (let i = 1; i < ring.length; i++) {
    const [x0, y0] = ring[i - 1]
    const [x1, y1] = ring[i]
    sum += (x0 * y1 - x1 * y0) * Math.cos(((y0 + y1) * Math.PI) / 360)
  }
  return Math.abs(sum / 2)
}

function distanceToRing([px, py], ring) {
  let best = Number.POSITIVE_INFINITY
  let inside = false
  for (let i = 1; i < ring.length; i++) {
    const [ax, ay] = ring[i - 1]
    const [bx, by] = ring[i]
    if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) inside = !inside
    const length = (bx - ax) ** 2 + (by - ay) ** 2 || 1
    const t = Math.max(0, Math.min(1, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length))
    best = Math.min(best, Math.hypot(px - ax - t * (bx - ax), py - ay - t * (by - ay)))
  }
  return inside ? best : -best
}

/** The point of a ring that is farthest from its edge, on a grid of 40 × 40. */
function labelPoint(ring) {
  const xs = ring.map(([x]) => x)
  const ys = ring.map(([, y]) => y)
  const [west, east, south, north] = [
    Math.min(...xs),
    Math.max(...xs),
    Math.min(...ys),
    Math.max(...ys),
  ]
  let best = { distance: Number.NEGATIVE_INFINITY, point: ring[0] }
  for (let i = 1; i < 40; i++) {
    for (let j = 1; j < 40; j++) {
      const point = [west + ((east - west) * i) / 40, south + ((north - south) * j) / 40]
      const distance = distanceToRing(point, ring)
      if (distance > best.distance) best = { distance, point }
    }
  }
  return best.point.map((n) => Math.round(n * 100) / 100)
}

function point(properties, coordinates) {
  return { type: 'Feature', properties, geometry: { type: 'Point', coordinates } }
}

const tints = chooseTints()
/** Polygons of every country, with its `name` and a `tint` (0–5) different from its neighbours'. */
export const countryPolygons = feature(topology, countries).features.map((country, index) => ({
  type: 'Feature',
  properties: { name: country.properties.name, tint: tints[index] },
  geometry: { type: 'MultiPolygon', coordinates: polygonsOf(country.geometry) },
}))

const countryLabels = countryPolygons.map(({ properties, geometry }) => {
  const rings = geometry.coordinates.map(([outer]) => ({ outer, area: ringArea(outer) }))
  const largest = rings.reduce((a, b) => (b.area > a.area ? b : a))
  const area = rings.reduce((sum, { area }) => sum + area, 0)
  const rank = [250, 60, 15, 3].findIndex((limit) => area > limit) + 1 || 5
  const at = properties.name === 'Antarctica' ? [20, -78] : labelPoint(largest.outer)
  return point({ class: 'country', name: properties.name, rank }, at)
})

const place =
  (kind) =>
  ([name, lng, lat, rank]) =>
    point({ class: kind, name, rank }, [lng, lat])

/** Labels of countries, cities and oceans, with `class`, `name` and `rank` (1 appears at the lowest zoom). */
export const labels = [
  ...OCEANS.map(place('ocean')),
  ...countryLabels.sort((a, b) => a.properties.rank - b.properties.rank),
  ...CITIES.map(place('city')),
]

export const boundaries = cutLines(mesh(topology, countries, (a, b) => a !== b))
export const coastline = cutLines(mesh(topology, countries, (a, b) => a === b))
