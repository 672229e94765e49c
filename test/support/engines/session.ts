/** Runs in the page: one map with its token manager. */
import type { TokenManager } from '@tilepass/core'
import { tilepass } from './page.ts'
import { type MapLibrary, openSessionMap, pause, type SessionMap, until } from './session-map.ts'
import type { Endpoint } from './session-servers.ts'

/** How the tokens of a session travel. `archive`: in a header, to a PMTiles archive. */
export type Travel = 'header' | 'query' | 'cookie' | 'archive'

export interface Session {
  readonly name: string
  readonly tokens: TokenManager
  readonly map: SessionMap
  /** Tokens so far. */
  renewals(): number
  /** Moves the map, step by step, until something holds. */
  walk(isOver: () => boolean): Promise<void>
  /** Resolves when every tile in view is there, those included that failed. */
  recover(): Promise<void>
}

/** Opens a map whose tokens are of an endpoint: on the page's own origin for cookies, else on another. */
export async function openSession(
  urls: Readonly<Record<string, string>>,
  endpoint: Endpoint,
  library: MapLibrary,
  travel: Travel,
): Promise<Session> {
  const name = `${library}-${travel}`
  const attach = travel === 'archive' ? 'header' : travel
  const path = `/v1/${endpoint}/${attach}/${name}/`
  const prefix = `${travel === 'cookie' ? urls.page : urls.tiles}${path}`
  const tokens = tilepass().createTokenManager(`/${endpoint}/token?session=${name}`, {
    allow: [{ prefix, attach: attach === 'query' ? { query: 'access_token' } : attach }],
  })
  let renewals = 0
  tokens.on('renewed', () => {
    renewals += 1
  })
  // Another site, for which the browser has no cookies.
  const stranger = `${urls.stranger?.replace('127.0.0.1', 'localhost')}${path}{z}/{x}/{y}.png`
  const own = `${prefix}${travel === 'archive' ? 'world.pmtiles' : '{z}/{x}/{y}.png'}`
  const map = await openSessionMap(library, { own, stranger }, tokens)
  const untilComplete = () =>
    until(
      () => map.missing() === 0,
      () => `${name} lacks tiles: ${map.describe()}`,
    )
  return {
    name,
    tokens,
    map,
    renewals: () => renewals,
    async walk(isOver) {
      while (!isOver()) {
        await map.move()
        await pause(200)
      }
    },
    async recover() {
      // What MapLibre asks of the protocol of PMTiles is not ours to repeat: the map comes back by moving.
      while (travel === 'archive' && map.missing() > 0) await map.move()
      await untilComplete()
      await map.move()
      await untilComplete()
    },
  }
}

/** Changes a token endpoint: the lifetime (ms) of its tokens, whether it is down, whether it revokes all. */
export async function set(
  endpoint: Endpoint,
  change: { lifetime?: number; isDown?: boolean; revoke?: boolean },
): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await fetch(`/${endpoint}/set`, { method: 'POST', headers, body: JSON.stringify(change) })
}

/** Hides the page: minimises its window, or, where there is none, opens another tab. @returns Shows it again. */
export async function hide(control: string): Promise<() => Promise<void>> {
  const { ok } = await fetch(`${control}/minimise`, { method: 'POST' })
  const tab = ok ? undefined : open('about:blank')
  await until(
    () => document.visibilityState === 'hidden',
    () => 'The page is not hidden.',
  )
  return async () => {
    if (ok) await fetch(`${control}/restore`, { method: 'POST' })
    else tab?.close()
    await until(
      () => document.visibilityState === 'visible',
      () => 'The page is still hidden.',
    )
  }
}
