// @ts-check

/** @typedef {typeof PALETTES.light} Palette */

const PALETTES = {
  light: {
    ocean: '#c3dbe3',
    shallow: '#dcebee',
    tints: ['#f6eed8', '#eff0d2', '#f6e6cf', '#e6ecd6', '#f8ecdc', '#edefe0'],
    coast: '#86a9b3',
    boundary: '#b9a88d',
    country: '#4b4335',
    city: '#2b3640',
    sea: '#5b8796',
    halo: '#fbf8f0',
    icons: '',
  },
  dark: {
    ocean: '#0b1820',
    shallow: '#12252f',
    tints: ['#1f303a', '#22333b', '#1e2e39', '#24363d', '#20323d', '#213439'],
    coast: '#3c5966',
    boundary: '#46606b',
    country: '#d5dee0',
    city: '#b4c3c8',
    sea: '#4f7786',
    halo: '#14222b',
    icons: '-dark',
  },
}

/** @param {...number} stops Zoom levels, each followed by the value there. */
const byZoom = (...stops) => ['interpolate', ['linear'], ['zoom'], ...stops]

/** @param {Palette} palette @returns {object[]} */
function landLayers({ ocean, shallow, tints, coast, boundary }) {
  const tint = [
    'match',
    ['get', 'tint'],
    ...tints.flatMap((color, index) => [index, color]),
    tints[0],
  ]
  return [
    { id: 'ocean', type: 'background', paint: { 'background-color': ocean } },
    {
      id: 'shallow',
      type: 'line',
      source: 'world',
      'source-layer': 'coastline',
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': shallow,
        'line-width': byZoom(0, 4, 5, 26),
        'line-blur': byZoom(0, 3, 5, 18),
      },
    },
    {
      id: 'countries',
      type: 'fill',
      source: 'world',
      'source-layer': 'countries',
      paint: { 'fill-color': tint, 'fill-outline-color': tint },
    },
    {
      id: 'boundaries',
      type: 'line',
      source: 'world',
      'source-layer': 'boundaries',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': boundary, 'line-width': byZoom(0, 0.4, 6, 1.4) },
    },
    {
      id: 'coastline',
      type: 'line',
      source: 'world',
      'source-layer': 'coastline',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': coast, 'line-width': byZoom(0, 0.5, 6, 1.3) },
    },
  ]
}

/**
 * Labels of one class. A lower rank appears at a lower zoom.
 *
 * @param {string} id
 * @param {'ocean' | 'city' | 'country'} kind The class.
 * @param {string} font
 * @param {{ layout: object, paint: object, minzoom?: number }} options
 */
function labels(id, kind, font, { layout, paint, minzoom = 0 }) {
  return {
    id,
    type: 'symbol',
    source: 'world',
    'source-layer': 'labels',
    minzoom,
    filter: ['all', ['==', ['get', 'class'], kind], ['<=', ['get', 'rank'], ['+', ['zoom'], 1]]],
    layout: {
      'text-field': ['get', 'name'],
      'text-font': [font],
      'text-max-width': 8,
      'symbol-sort-key': ['get', 'rank'],
      ...layout,
    },
    paint,
  }
}

/** @param {Palette} palette @returns {object[]} */
function labelLayers({ sea, country, city, halo, ocean, icons }) {
  return [
    labels('seas', 'ocean', 'Noto Sans Italic', {
      layout: { 'text-size': byZoom(1, 11, 5, 15), 'text-letter-spacing': 0.12 },
      paint: { 'text-color': sea, 'text-halo-color': ocean, 'text-halo-width': 1 },
    }),
    labels('cities', 'city', 'Noto Sans Regular', {
      minzoom: 3,
      layout: {
        'icon-image': ['concat', ['match', ['get', 'rank'], 1, 'city', 'town'], icons],
        'text-size': byZoom(3, 10.5, 6, 14),
        'text-anchor': 'left',
        'text-offset': [0.6, 0],
        'text-justify': 'left',
        'text-optional': true,
      },
      paint: { 'text-color': city, 'text-halo-color': halo, 'text-halo-width': 1.4 },
    }),
    labels('country-names', 'country', 'Noto Sans Bold', {
      minzoom: 1,
      layout: { 'text-size': byZoom(1, 10, 3, 12, 6, 17), 'text-padding': 4 },
      paint: { 'text-color': country, 'text-halo-color': halo, 'text-halo-width': 1.5 },
    }),
  ]
}

/**
 * The style of the demo's vector map. Every resource that it names requires a token.
 *
 * @param {'light' | 'dark'} scheme
 * @param {string} origin Of the server: MapLibre does not accept a relative sprite URL.
 */
export function createStyle(scheme, origin) {
  const palette = PALETTES[scheme]
  return {
    version: 8,
    name: `Tilepass demo, ${scheme}`,
    center: [10, 25],
    zoom: 1.6,
    sources: { world: { type: 'vector', url: `${origin}/v1/tiles/world/metadata` } },
    glyphs: `${origin}/v1/glyphs/{fontstack}/{range}.pbf`,
    sprite: `${origin}/v1/sprite`,
    layers: [...landLayers(palette), ...labelLayers(palette)],
  }
}
