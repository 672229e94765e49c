import { expect } from 'vitest'
import { type OpenedPage, type PageOptions, test as pageTest } from './page-test.ts'
import { FEW_FRAMES, SMALL } from './panning.ts'
import { bundleRecipes, type RecipePage } from './recipe-page.ts'
import { type Servers, startServers } from './servers.ts'

export interface OpenedRecipe extends OpenedPage {
  readonly servers: Servers
}

/** Pages that are bundled already. */
const bundles = new Map<RecipePage, ReturnType<typeof bundleRecipes>>()

export interface RecipeOptions extends PageOptions {
  /** Changes the servers before the page is opened. */
  readonly setUp?: (servers: Servers) => unknown
  /** Query of the page's URL. */
  readonly query?: string
}

export type OpenRecipe = (page: RecipePage, options?: RecipeOptions) => Promise<OpenedRecipe>

/**
 * A test with `openRecipe`, which opens a page on servers of its own. At the end of the test no token may
 * have reached the stranger.
 */
export const test = pageTest.extend('openRecipe', ({ openPage }, { onCleanup }): OpenRecipe => {
  const opened: Servers[] = []
  onCleanup(() => {
    for (const servers of opened) servers.close()
    expect(opened.flatMap(({ counts }) => counts.leaked)).toEqual([])
  })
  return async (page, { setUp, query = '', ...options } = {}) => {
    const bundle = bundles.get(page) ?? bundleRecipes(page)
    bundles.set(page, bundle)
    const html = await bundle
    const servers = await startServers({ '/': ({ tiles }) => html(tiles) })
    opened.push(servers)
    await setUp?.(servers)
    const init = `${FEW_FRAMES}; globalThis.stranger = ${JSON.stringify(servers.stranger)}`
    const url = `${servers.page}/?${query}`
    return { ...(await openPage(url, { viewport: SMALL, init, ...options })), servers }
  }
})
