import { loadConfig } from '../config/load.ts'
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
  return (await settleIssuer(store, configured, url)) ?? url
}

/** The same for a command that only looks: nothing is stored. */
export async function findCommandIssuer(store: Store, env: Environment): Promise<string> {
  const { configured, url } = readIdentity(env)
  return configured ?? (await findIssuer(store)) ?? url
}

function readIdentity(env: Environment): { configured: string | undefined; url: string } {
  const { TILEPASS_ISSUER, TILEPASS_PUBLIC_URL, TILEPASS_PORT } = env
  const { issuer, publicUrl, port } = loadConfig({
    flags: {},
    env: { TILEPASS_ISSUER, TILEPASS_PUBLIC_URL, TILEPASS_PORT },
  })
  return { configured: issuer, url: publicUrl ?? `http://127.0.0.1:${port}` }
}
