import { createMapboxCodec } from '../issuer/mapbox/codec.ts'
import { loadMapboxKey } from '../issuer/mapbox/key.ts'
import { createMapboxRegistry } from '../issuer/mapbox/registry.ts'
import { isMapboxScope, MAPBOX_SCOPES } from '../issuer/mapbox/scopes.ts'
import { findScopes } from '../issuer/scopes.ts'
import { findActiveAccount } from '../store/accounts.ts'
import { type DataOptions, type Surroundings, withStore } from './context.ts'
import { CommandError } from './output.ts'

/** Options of `token create --format mapbox`. */
export interface MapboxTokenOptions extends DataOptions {
  readonly account: string
  readonly scope: string
  readonly expiresIn?: string
  readonly note: string
}

/**
 * Creates the token with which an account starts to use the Mapbox Tokens API: public or secret,
 * whichever its scopes make it, and without an end.
 */
export async function createFirstMapboxToken(
  options: MapboxTokenOptions,
  surroundings: Surroundings,
): Promise<void> {
  if (options.expiresIn !== undefined)
    throw new CommandError('--expires-in is not for --format mapbox: its tokens have no end.', 2)
  const scopes = findScopes(options.scope)
  const unknown = scopes?.find((scope) => !isMapboxScope(scope))
  if (!scopes || unknown !== undefined)
    throw new CommandError(
      `--scope must be Mapbox scopes separated by single spaces (given: "${options.scope}"). They are: ${MAPBOX_SCOPES.map(({ id }) => id).join(' ')}.`,
      2,
    )

  await withStore(surroundings, options, true, async (store, output) => {
    const account = await findActiveAccount(store, options.account)
    if (!account)
      throw new CommandError(
        `There is no account "${options.account}". Create it with: tilepass account create ${options.account}`,
      )
    const content = { note: options.note, scopes, allowedUrls: [], restrictions: {} }
    const registry = createMapboxRegistry(store, surroundings.now)
    const row = await registry.create({ account, scopes, id: 'cli' }, content)
    const codec = createMapboxCodec(await loadMapboxKey(store))
    const token = codec.writeReference(row.usage ?? 'sk', { u: account.name, a: row.id })
    output.result({ id: row.id, token, expires_at: null }, token)
  })
}
