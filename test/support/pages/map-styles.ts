type Source = { readonly type: string } & Readonly<Record<string, unknown>>

/** A raster source. @param base Origin of its server. */
export const raster = (base: string, path = 'raster'): Source => ({
  type: 'raster',
  tiles: [`${base}/v1/${path}/{z}/{x}/{y}.png`],
  tileSize: 256,
})

/** Corners of an image or a video. */
export const CORNERS = [
  [0, 60],
  [20, 60],
  [20, 40],
  [0, 40],
] as const

const LAYER_TYPES: Readonly<Record<string, string>> = {
  raster: 'raster',
  'raster-dem': 'hillshade',
  image: 'raster',
  video: 'raster',
  vector: 'fill',
  geojson: 'line',
}

/** A style with these sources, and for each one a layer of the same name that shows it. */
export function styleOf(sources: Readonly<Record<string, Source>>, more: object = {}) {
  return {
    version: 8,
    sources,
    layers: Object.entries(sources).map(([source, { type: sourceType }]) => {
      const type = LAYER_TYPES[sourceType]
      return {
        id: source,
        type,
        source,
        ...(sourceType === 'vector' && { 'source-layer': 'land' }),
        // Fading would draw some twenty frames for each tile.
        ...(type === 'raster' && { paint: { 'raster-fade-duration': 0 } }),
      }
    }),
    ...more,
  }
}

/** A style with every kind of resource that a style can name. */
export function everyKind(base: string) {
  const style = styleOf({
    raster: raster(base),
    vector: { type: 'vector', url: `${base}/v1/tiles.json` },
    dem: { ...raster(base, 'dem'), type: 'raster-dem' },
    json: { type: 'geojson', data: `${base}/v1/data.geojson` },
    image: { type: 'image', url: `${base}/v1/image.png`, coordinates: CORNERS },
  })
  return {
    ...style,
    glyphs: `${base}/v1/glyphs/{fontstack}/{range}.pbf`,
    sprite: `${base}/v1/sprite`,
    layers: [
      ...style.layers,
      {
        id: 'names',
        type: 'symbol',
        source: 'vector',
        'source-layer': 'land',
        layout: { 'text-field': 'name', 'text-font': ['Font'], 'icon-image': 'dot' },
      },
    ],
  }
}
