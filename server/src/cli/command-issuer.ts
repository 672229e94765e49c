import { loadConfig } from '../config/load.ts'
import { findIssuer, settleIssuer } from '../issuer/identity.ts'
import type { Connection } from '../store/open.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Determines the issuer of the data folder for a command that signs. Before the first server has run,
 * the URL of a server with this environment becomes the issuer.
 *
 * @throws `ConfigError` if the environment has an invalid issuer or URL.
 */
export async function settleCommandIssuer(store: Connection, env: Environment): Promise<string> {
  const { configured, url } = readIdentity(env)
  return (await settleIssuer(store, configured, url)) ?? url
}

/** Finds the issuer for a command that only reads: it stores nothing. */
export async function readCommandIssuer(store: Connection, env: Environment): Promise<string> {
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
