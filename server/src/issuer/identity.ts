import type { Store } from '../store/open.ts'
import { findSetting, initSetting } from '../store/settings.ts'

const SETTING = 'issuer'

/**
 * Finds out who we are: the configured issuer, else the one that the first run stored. Never taken
 * from a request.
 *
 * @param url What a first run without a configured issuer becomes. It is stored, so that later
 *   ports, addresses and processes change nothing; the first of two at once wins.
 * @returns `undefined` if nothing is known yet.
 */
export async function resolveIssuer(
  store: Store,
  configured: string | undefined,
  url: string | undefined,
): Promise<string | undefined> {
  const first = configured ?? url
  const stored =
    first === undefined
      ? await findSetting(store, SETTING)
      : await initSetting(store, SETTING, first)
  return configured ?? stored
}
