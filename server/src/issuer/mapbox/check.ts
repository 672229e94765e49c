import { type Account, findActiveAccount } from '../../store/accounts.ts'
import { findApiToken } from '../../store/api-tokens.ts'
import type { Store } from '../../store/open.ts'
import type { Revocations } from '../../store/revocations.ts'
import type { Rights } from '../narrow.ts'
import {
  type MapboxCodec,
  type MapboxUsage,
  type ParsedMapboxToken,
  TEMPORARY_TOKEN_ID,
} from './codec.ts'
import { readRights } from './rows.ts'

/** What the bearer of a valid Mapbox token may do. Only temporary tokens have an end. */
export interface MapboxBearer extends Rights {
  readonly usage: MapboxUsage
  readonly account: Account
  /** Id in the registry; `undefined` for a temporary token. */
  readonly id: string | undefined
  /** Id of the lasting token that a temporary token came from. */
  readonly parent?: string | undefined
  /** Seconds since 1970. */
  readonly iat: number
}

/** Why a token is refused, as a code of "Retrieve a token". */
export type MapboxTokenFault = 'TokenMalformed' | 'TokenInvalid' | 'TokenExpired' | 'TokenRevoked'

/** The result of checking a token. */
export type MapboxCheck =
  | {
      readonly code: 'TokenValid'
      readonly parsed: ParsedMapboxToken
      readonly bearer: MapboxBearer
    }
  | { readonly code: MapboxTokenFault; readonly parsed?: ParsedMapboxToken }

/** Checks tokens in Mapbox format. */
export type MapboxTokenCheck = (token: string) => Promise<MapboxCheck>

/** How far `iat` of a temporary token may lie ahead of our clock, in ms. */
const MAX_FUTURE_ISSUE = 30_000

/** Creates the check. It reads the registry every time, so that a revocation counts at once. */
export function createMapboxCheck(
  store: Store,
  codec: MapboxCodec,
  revocations: Pick<Revocations, 'refuses'>,
  now: () => number,
): MapboxTokenCheck {
  return async (token) => {
    await codec.refresh()
    const parsed = codec.read(token)
    if (!parsed) return { code: 'TokenMalformed' }
    if (!parsed.isGenuine) return { code: 'TokenInvalid', parsed }
    const account = await findActiveAccount(store, parsed.payload.u)

    if (parsed.usage === 'tk') {
      const { exp, iat, scopes, a: parent } = parsed.payload
      if (iat * 1000 > now() + MAX_FUTURE_ISSUE) return { code: 'TokenInvalid', parsed }
      if (now() >= exp * 1000) return { code: 'TokenExpired', parsed }
      if (!account) return { code: 'TokenRevoked', parsed }
      // Older ones name neither; they end within an hour.
      const { a: origin = TEMPORARY_TOKEN_ID, o: org_id = account.orgId } = parsed.payload
      const identity = { sub: TEMPORARY_TOKEN_ID, parent: origin, org_id, iat }
      if (org_id !== account.orgId || (await revocations.refuses(identity)))
        return { code: 'TokenRevoked', parsed }
      const bearer = { usage: 'tk', account, id: undefined, parent, exp, iat, scopes } as const
      if (parent === undefined) return { code: 'TokenValid', parsed, bearer }
      // It is never wider than what it came from, which may have been narrowed since.
      const row = await findApiToken(store, parent)
      if (!row || row.revoked_at !== null) return { code: 'TokenRevoked', parsed }
      const held = readRights(row)
      const left = scopes.filter((scope) => held.scopes.includes(scope))
      return { code: 'TokenValid', parsed, bearer: { ...held, ...bearer, scopes: left } }
    }

    const { usage, payload } = parsed
    const row = await findApiToken(store, payload.a)
    const isCurrent =
      row?.format === 'mapbox' && row.usage === usage && row.account === payload.u && account
    if (!row || !isCurrent || row.revoked_at !== null) return { code: 'TokenRevoked', parsed }
    return {
      code: 'TokenValid',
      parsed,
      bearer: {
        usage,
        account,
        id: row.id,
        iat: Math.floor(row.created_at / 1000),
        ...readRights(row),
      },
    }
  }
}
