import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import type { ClientConfig } from 'pg'
import { parse, toClientConfig } from 'pg-connection-string'
import { StoreUnavailableError } from './errors.ts'

/**
 * Reads the URL of a database, and the certificates that it names.
 *
 * @throws `StoreUnavailableError` without the URL, which has a password, if either cannot be read.
 */
export function readDatabaseUrl(url: string): ClientConfig {
  try {
    return checkingAddress(toClientConfig(parse(url)))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'ERR_INVALID_URL'
    throw new StoreUnavailableError({
      cause: new Error(
        `The URL of the database, or a file that it names, cannot be read (${code})`,
      ),
    })
  }
}

/** For an address in place of a name the driver would accept a certificate for `localhost`. */
function checkingAddress(config: ClientConfig): ClientConfig {
  const { host, ssl } = config
  if (host === undefined || isIP(host) === 0 || typeof ssl !== 'object') return config
  // An own check is one that was switched off, as in `sslmode=verify-ca`.
  if (ssl.checkServerIdentity) return config
  return {
    ...config,
    ssl: {
      ...ssl,
      checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    },
  }
}
