import { parseConfig } from '../config.ts'
import { findIssuer, settleIssuer } from '../issuer/identity.ts'
import type { Store } from '../store/open.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Who the data folder's issuer is, for a command that signs. Before the first server it becomes the
 * URL that a server with this environment would have.
 *
 * @throws `ConfigError` if the environment names an impossible one.
 */
export async function settleCommandIssuer(store: Store, env: Environment): Promise<string> {
  const { configured, url } = readIdentity(env)
  // Only a server's settings replace what is stored: a stray variable must not rename the issuer.
  const stored = await settleIssuer(store, undefined, configured ?? url)
  return configured ?? stored ?? url
}

/** The same for a command that only looks: nothing is stored. */
export async function findCommandIssuer(store: Store, env: Environment): Promise<string> {
  const { configured, url } = readIdentity(env)
  return configured ?? (await findIssuer(store)) ?? url
}

function readIdentity(env: Environment): { configured: string | undefined; url: string } {
  const url = env.TILEPASS_PUBLIC_URL || `http://127.0.0.1:${env.TILEPASS_PORT || '8080'}`
  const configured = env.TILEPASS_ISSUER || undefined
  parseConfig({ publicUrl: url, ...(configured === undefined ? {} : { issuer: configured }) })
  return { configured, url }
}
