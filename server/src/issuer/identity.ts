import type { Store } from '../store/open.ts'
import { findSetting, initSetting } from '../store/settings.ts'

const SETTING = 'issuer'

/** Finds the identity that earlier runs gave this data folder. */
export async function findIssuer(store: Store): Promise<string | undefined> {
  return findSetting(store, SETTING)
}

/**
 * Settles who we are: the configured issuer, else the one that an earlier run stored, else `url`.
 * Never taken from a request.
 *
 * The first answer is stored for good, so that later ports, addresses and processes change nothing;
 * of two first runs at once one wins. A configured issuer that differs from it holds for this process
 * alone: one run with a stray setting must not make every token of the folder worthless.
 *
 * @returns `undefined` if nothing is known yet.
 */
export async function settleIssuer(
  store: Store,
  configured: string | undefined,
  url: string | undefined,
): Promise<string | undefined> {
  if (configured !== undefined) {
    await initSetting(store, SETTING, configured)
    return configured
  }
  return url === undefined ? findIssuer(store) : initSetting(store, SETTING, url)
}
