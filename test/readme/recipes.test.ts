import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/repository.ts'
import { readSnippets } from '../support/snippets.ts'

/** The test that runs the snippets for libraries in pages, by file, section and what they import. */
const RUN_BY: Readonly<Record<string, string>> = {
  'packages/core/README.md, Recipes: maplibre-gl pmtiles': 'maplibre',
  'packages/core/README.md, Recipes: geotiff': 'geotiff',
  'packages/core/README.md, Recipes: @deck.gl/core @deck.gl/geo-layers @deck.gl/layers @loaders.gl/core':
    'deck.gl',
  'packages/core/README.md, Recipes: ol': 'openlayers',
  'packages/leaflet/README.md, @tilepass/leaflet: leaflet': '../readme/snippets-run',
  'packages/leaflet/README.md, Offline: leaflet leaflet.offline': 'leaflet-plugins',
  'packages/leaflet/README.md, react-leaflet: @react-leaflet/core leaflet react-leaflet':
    'react-leaflet',
  'packages/leaflet/README.md, Vector tiles: leaflet protomaps-leaflet': 'protomaps-leaflet',
  'packages/leaflet/README.md, Vector tiles: @maplibre/maplibre-gl-leaflet maplibre-gl':
    'maplibre-gl-leaflet',
  'packages/maplibre/README.md, @tilepass/maplibre: maplibre-gl': '../readme/snippets-run',
  'packages/maplibre/README.md, Recipes: maplibre-gl react-map-gl': 'react-map-gl',
  'docs/datasets.md, In the page: geotiff': 'geotiff',
  'docs/getting-started/leaflet.md, Leaflet: leaflet': '../readme/getting-started',
  'docs/getting-started/maplibre.md, MapLibre: maplibre-gl': '../readme/getting-started',
  'docs/getting-started/react.md, React: maplibre-gl react react-dom react-map-gl':
    '../readme/getting-started',
  'docs/getting-started/react.md, What to know: maplibre-gl react react-map-gl': 'react-map-gl',
  'docs/getting-started/vue.md, Vue: maplibre-gl vue': '../readme/getting-started',
  'docs/getting-started/vue.md, Vue: vue': '../readme/getting-started',
  'docs/migrating.md, Migrating: maplibre-gl': 'maplibre',
  'docs/migrating.md, What an asynchronous `transformRequest` gives, and what it does not: maplibre-gl':
    'maplibre',
}

/** What the reader has before; nothing that Tilepass recommends. */
const BEFORE = 'docs/migrating.md, From a `transformRequest` of your own: maplibre-gl'

const NOT_IN_PAGES = /^(?:@tilepass|node:|express$|hono$|pino$|vite$|@vitejs\/)/

const packageName = (id: string) =>
  id
    .split('/')
    .slice(0, id.startsWith('@') ? 2 : 1)
    .join('/')

/** Packages that a snippet imports and that run in pages. */
const findLibraries = (code: string) =>
  [...code.matchAll(/from '([^'./][^']*)'/g)]
    .map(([, id = '']) => id)
    .filter((id) => !NOT_IN_PAGES.test(id))
    .map(packageName)

test('every snippet for a library in a page is run with that library', () => {
  const files = [
    ...['core', 'leaflet', 'maplibre'].map((name) => `packages/${name}/README.md`),
    ...readdirSync(join(root, 'docs'), { encoding: 'utf8', recursive: true })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name.replaceAll('\\', '/')}`),
  ]
  const found = files.flatMap(readSnippets).flatMap(({ file, section, code }) => {
    const libraries = [...new Set(findLibraries(code))].sort()
    return libraries.length > 0 ? [`${file}, ${section}: ${libraries.join(' ')}`] : []
  })
  expect([...new Set(found)].filter((name) => name !== BEFORE).sort()).toEqual(
    Object.keys(RUN_BY).sort(),
  )
})

test.each([...new Set(Object.values(RUN_BY))])(
  '%s takes its snippets from the documentation',
  (name) => {
    const text = readFileSync(join(root, `test/integrations/${name}.page.test.ts`), 'utf8')
    expect(text).toMatch(/findSnippet\(|readShownFiles\(/)
  },
)
