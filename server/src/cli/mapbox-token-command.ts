import { createMapboxCodec } from '../issuer/mapbox/codec.ts'
import { createMapboxRegistry } from '../issuer/mapbox/registry.ts'
import { MAPBOX_SCOPES } from '../issuer/mapbox/scopes.ts'
import { loadSecretKeys } from '../issuer/secret-keys.ts'
import { findAccount } from '../store/accounts.ts'
import { type DataOptions, type Surroundings, withStore } from './context.ts'
import { CommandError } from './output.ts'
import { describeDisabledOwner, describeMissingOwner } from './remedies.ts'
import { parseScopeOption } from './scope-option.ts'

/** Options of `token create --format mapbox`. */
export interface MapboxTokenOptions extends DataOptions {
  readonly account: string
  readonly scope: string
  readonly expiresIn?: string
  readonly note: string
}

/**
 * Creates the token with which an account starts to use the Mapbox Tokens API. It never expires, and
 * is public if all of its scopes are public, otherwise secret.
 */
export async function createFirstMapboxToken(
  options: MapboxTokenOptions,
  surroundings: Surroundings,
): Promise<void> {
  if (options.expiresIn !== undefined)
    throw new CommandError('--expires-in requires --format jwt: Mapbox tokens never expire.', 2)
  const catalogue = MAPBOX_SCOPES.map(({ id }) => id)
  const scopes = parseScopeOption(options.scope, catalogue)

  await withStore(surroundings, options, true, async ({ store, output, hint }) => {
    const account = await findAccount(store, options.account)
    if (!account) throw new CommandError(describeMissingOwner(options.account, hint))
    if (account.disabledAt !== undefined)
      throw new CommandError(describeDisabledOwner(account.name, hint))
    const registry = createMapboxRegistry(store, surroundings.now)
    const row = await registry.createByOperator(account, { note: options.note, scopes })
    const codec = createMapboxCodec(await loadSecretKeys(store, 'mapbox', surroundings.now()))
    const token = codec.writeReference(row.usage ?? 'sk', { u: account.name, a: row.id })
    output.result({ id: row.id, token, expires_at: null }, token)
  })
}
