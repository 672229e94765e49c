import { ConfigError } from '../settings/config-error.ts'
import { formatCommand } from '../settings/format-command.ts'
import { namePlace, type StorePlace } from '../settings/store-place.ts'
import { isLoopback } from '../settings/url.ts'
import type { Change } from '../store/changes.ts'
import type { Connection } from '../store/open.ts'
import { findSetting, initSetting, setSetting } from '../store/settings.ts'

const SETTING = 'issuer'

/** The settings that decide which issuer a store has. */
export interface IssuerSettings extends StorePlace {
  readonly issuer?: string | undefined
  /** The issuer, if none is set. */
  readonly publicUrl?: string | undefined
}

/** Finds the issuer that is stored. */
export async function findIssuer(store: Connection): Promise<string | undefined> {
  return findSetting(store, SETTING)
}

/**
 * Determines the issuer: the configured one, which the first run stores, else the stored one. The issuer
 * never comes from a request, and nothing invents one. A public URL on this machine leaves a stored issuer
 * on this machine as it is: while developing, ports change.
 *
 * @returns `undefined` if none is known yet.
 * @throws {@link ConfigError} if the configured one is not the stored one: every token in the store
 *   would be refused. Only {@link replaceIssuer} changes what is stored.
 */
export async function settleIssuer(
  store: Connection,
  settings: IssuerSettings,
): Promise<string | undefined> {
  const configured = settings.issuer ?? settings.publicUrl
  if (configured === undefined) return findIssuer(store)
  const stored = await initSetting(store, SETTING, configured)
  const fault = findIssuerFault(stored, settings)
  if (fault === undefined) return stored
  throw new ConfigError([fault])
}

/** Says why the settings do not fit the stored issuer, and what settles it; `undefined` if they fit. */
export function findIssuerFault(stored: string, settings: IssuerSettings): string | undefined {
  const configured = settings.issuer ?? settings.publicUrl
  if (configured === undefined || configured === stored) return
  const isDevelopment = settings.issuer === undefined && [stored, configured].every(isOfThisMachine)
  return isDevelopment ? undefined : describeDifference(stored, configured, settings)
}

/**
 * Stores the URL of the first run, if nothing else has settled the issuer before. Later ports, addresses
 * and processes change nothing; of two first runs at the same time one wins.
 *
 * @returns the issuer that is stored now.
 */
export async function settleByFirstRun(store: Connection, url: string): Promise<string> {
  return initSetting(store, SETTING, url)
}

/** Replaces the issuer. Tokens of the earlier one are refused by every server that starts from now on. */
export async function replaceIssuer(change: Change, url: string): Promise<void> {
  await setSetting(change, SETTING, url)
}

function isOfThisMachine(url: string): boolean {
  return isLoopback(new URL(url).hostname)
}

function describeDifference(stored: string, configured: string, settings: IssuerSettings): string {
  const command = formatCommand('issuer set', [configured], settings)
  const place = namePlace(settings)
  return settings.issuer === undefined
    ? `publicUrl: differs from the issuer of the tokens in this ${place}, "${stored}" (given: "${configured}"). To keep them, set "issuer" to "${stored}"; to end them, run: ${command}`
    : `issuer: differs from the issuer of the tokens in this ${place}, "${stored}" (given: "${configured}"). To end them and use the new one, run: ${command}`
}
