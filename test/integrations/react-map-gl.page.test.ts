import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { raster, styleOf } from '../support/pages/map-styles.ts'
import { test } from '../support/pages/recipe-test.ts'
import { findSnippet } from '../support/snippets.ts'

const RECIPE = {
  module: 'react-map-gl.tsx',
  recipes: {
    ref: findSnippet('packages/maplibre/README.md', 'Recipes', 'tsx'),
    child: findSnippet('docs/getting-started/react.md', 'What to know', 'tsx'),
  },
}

describe.concurrent('the recipe for react-map-gl', () => {
  test.for(['ref', 'child'])(
    'with a %s: every tile that is refused is requested again, in StrictMode',
    async (attach, { openRecipe }) => {
      const refused = new Set<string>()
      const { servers } = await openRecipe(RECIPE, {
        query: `attach=${attach}`,
        setUp: (servers) => {
          const style = styleOf({ land: raster(servers.page) })
          servers.files['/v1/style.json'] = Buffer.from(JSON.stringify(style))
          servers.refuse = (path) => {
            if (!path.startsWith('/v1/raster/') || refused.has(path)) return undefined
            refused.add(path)
            return 401
          }
        },
      })
      const loaded = () =>
        new Set(servers.log.filter(({ status }) => status === 200).map(({ path }) => path))
      await eventually(() => {
        expect(refused.size).toBeGreaterThan(0)
        expect([...refused].filter((path) => !loaded().has(path))).toEqual([])
      })
      expect(servers.log.filter(({ token }) => !token)).toEqual([])
    },
  )
})
