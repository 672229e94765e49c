import type { Connection } from '../store/open.ts'
import { findSetting, initSetting } from '../store/settings.ts'

const SETTING = 'issuer'

/** Finds the issuer that an earlier run stored in this data folder. */
export async function findIssuer(store: Connection): Promise<string | undefined> {
  return findSetting(store, SETTING)
}

/**
 * Determines the issuer: the configured one, else the one that an earlier run stored, else `url`. It
 * never comes from a request.
 *
 * The first issuer is stored permanently, so that later ports, addresses and processes change nothing;
 * of two concurrent first runs one wins. A configured issuer that differs from it is used by this
 * process only: one run with a wrong setting must not invalidate every token of the folder.
 *
 * @returns `undefined` if no issuer is known yet.
 */
export async function settleIssuer(
  store: Connection,
  configured: string | undefined,
  url: string | undefined,
): Promise<string | undefined> {
  if (configured !== undefined) {
    await initSetting(store, SETTING, configured)
    return configured
  }
  return url === undefined ? findIssuer(store) : initSetting(store, SETTING, url)
}
