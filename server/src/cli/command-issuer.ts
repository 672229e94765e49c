import type { Config } from '../config/schema.ts'
import { settleIssuer } from '../issuer/identity.ts'
import { namePlace } from '../settings/store-place.ts'
import type { Connection } from '../store/open.ts'
import { CommandError } from './output.ts'

/**
 * Determines the issuer of the store for a command that signs.
 *
 * @throws `ConfigError` if the settings name another one than the store has, or {@link CommandError} if
 *   none is known: a command does not know at which URL clients will reach the broker.
 */
export async function settleCommandIssuer(store: Connection, settings: Config): Promise<string> {
  const issuer = await settleIssuer(store, settings)
  if (issuer !== undefined) return issuer
  throw new CommandError(
    `The issuer is not known yet: no server has run on this ${namePlace(settings)}. Name the URL at which clients will reach the broker with --issuer, or the configuration with --config; or start the server first.`,
    2,
  )
}
