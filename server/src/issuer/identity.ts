import type { Store } from '../store/open.ts'
import { findSetting, initSetting, setSetting } from '../store/settings.ts'

const SETTING = 'issuer'

/** Finds the identity that earlier runs gave this data folder. */
export async function findIssuer(store: Store): Promise<string | undefined> {
  return findSetting(store, SETTING)
}

/**
 * Settles who we are: the configured issuer, else the one that an earlier run stored, else `url`.
 * Never taken from a request.
 *
 * The answer is stored, so that later ports, addresses and processes change nothing; of two first
 * runs at once one wins.
 *
 * @returns `undefined` if nothing is known yet.
 */
export async function settleIssuer(
  store: Store,
  configured: string | undefined,
  url: string | undefined,
): Promise<string | undefined> {
  if (configured !== undefined) {
    await setSetting(store, SETTING, configured)
    return configured
  }
  return url === undefined ? findIssuer(store) : initSetting(store, SETTING, url)
}
