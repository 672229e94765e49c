import type { TokenClaims } from '@tilepass/guard'

/** A purpose for which a token can be presented. */
export type Purpose = 'exchange' | 'tiles' | 'places' | 'billing' | 'admin' | 'session'

/** A kind of token: how it is recognised, and what it can be used for. */
export interface TokenKind {
  readonly name: 'api' | 'access' | 'session'
  /** Prefix of `sub`. */
  readonly prefix: string
  readonly tokenType: string
  /** Does it name, as `parent`, what it came from? */
  readonly hasParent: boolean
  /** Longest lifetime, in ms. */
  readonly maxLifetime: number
  readonly purposes: readonly Purpose[]
}

const HOUR = 3_600_000

/** Longest lifetime of an access token, in seconds. */
export const MAX_ACCESS_SECONDS = 14_400
/** Longest lifetime of an API token, in seconds: a leap year. */
export const MAX_API_SECONDS = 366 * 86_400

/** Longest lifetime of a session token, in seconds. */
export const MAX_SESSION_SECONDS = 86_400

/** How long the proof that a browser has signed in before counts, in seconds: half a year. */
export const DEVICE_SECONDS = 183 * 86_400

/** Every kind of token, in the one place that says what each can be used for. */
export const TOKEN_KINDS: readonly TokenKind[] = [
  {
    name: 'access',
    prefix: 'tok_short_',
    tokenType: 'api_token',
    hasParent: true,
    maxLifetime: 4 * HOUR,
    purposes: ['tiles', 'places'],
  },
  {
    name: 'api',
    prefix: 'tok_',
    tokenType: 'api_token',
    hasParent: false,
    maxLifetime: MAX_API_SECONDS * 1000,
    purposes: ['exchange', 'tiles', 'places', 'billing', 'admin'],
  },
  {
    name: 'session',
    prefix: 'usr_',
    tokenType: 'session',
    hasParent: true,
    maxLifetime: MAX_SESSION_SECONDS * 1000,
    purposes: ['session'],
  },
]

/** Every `token_type` that tokens of this issuer have. */
export const TOKEN_TYPES: readonly string[] = [
  ...new Set(TOKEN_KINDS.map(({ tokenType }) => tokenType)),
]

/**
 * Finds the kind of token that these claims belong to. Claims that contradict the kind of the id belong
 * to none.
 */
export function findTokenKind(claims: TokenClaims): TokenKind | undefined {
  const { sub, iat } = claims
  if (sub === undefined || iat === undefined) return
  const kind = TOKEN_KINDS.find(({ prefix }) => sub.startsWith(prefix))
  if (!kind || claims.token_type !== kind.tokenType) return
  if ((claims.parent !== undefined) !== kind.hasParent) return
  return (claims.exp - iat) * 1000 <= kind.maxLifetime ? kind : undefined
}

/**
 * What Mapbox tokens (public, secret, temporary) can be used for besides their own API. A secret one
 * must not be in a page, and none can be exchanged.
 */
export const MAPBOX_KINDS: Readonly<Record<'pk' | 'sk' | 'tk', readonly Purpose[]>> = {
  pk: ['tiles'],
  sk: [],
  tk: ['tiles'],
}
