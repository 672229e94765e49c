import { GuardError, InvalidTokenError, type TokenClaims } from '@tilepass/guard'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Store } from '../store/open.ts'
import { createRevocations } from '../store/revocations.ts'
import { createDownloadTokens } from './download-tokens.ts'
import type { Issuer } from './issuer.ts'
import { findTokenKind, type Purpose } from './kinds.ts'
import { createMapboxCheck } from './mapbox/check.ts'
import { createMapboxCodec, isMapboxToken } from './mapbox/codec.ts'
import { loadSecretKeys } from './secret-keys.ts'
import { createOwnVerifier } from './verify.ts'

/** What a token says, unverified. */
export interface TokenParts {
  readonly header: unknown
  readonly claims: Readonly<Record<string, unknown>>
}

/** Whether a token is valid, and its kind; otherwise the reason why not. */
export type Verdict =
  | { readonly valid: true; readonly kind: string | undefined; readonly claims?: TokenClaims }
  | { readonly valid: false; readonly reason: string }

/** Reads a token without verifying it; `undefined` if it does not have the form of a token. */
export function findTokenParts(token: string): TokenParts | undefined {
  try {
    if (!isMapboxToken(token))
      return { header: decodeProtectedHeader(token), claims: decodeJwt(token) }
    const [header, body = ''] = token.split('.')
    const payload: unknown = JSON.parse(Buffer.from(body, 'base64url').toString())
    return typeof payload === 'object' && payload ? { header, claims: { ...payload } } : undefined
  } catch {
    return
  }
}

/** Judges a token that this issuer signed with its keys. */
export async function judgeSignedToken(
  issuer: Issuer,
  token: string,
  purpose: Purpose,
): Promise<Verdict> {
  try {
    // Nothing is opened here, so there is no restriction to enforce.
    const readOnly = { enforcesTileClaims: true, enforcesBinding: true }
    const claims = await createOwnVerifier(issuer, purpose).verify(token, readOnly)
    return { valid: true, kind: findTokenKind(claims)?.name, claims }
  } catch (error) {
    if (error instanceof InvalidTokenError) return { valid: false, reason: error.detail }
    if (error instanceof GuardError) return { valid: false, reason: error.message }
    throw error
  }
}

/** Judges a download token. */
export async function judgeDownloadToken(issuer: Issuer, token: string): Promise<Verdict> {
  const ticket = await createDownloadTokens(issuer).findTicket(token)
  return typeof ticket === 'object'
    ? { valid: true, kind: 'download' }
    : { valid: false, reason: 'invalid or expired download token' }
}

/**
 * Judges a token in Mapbox format.
 *
 * @param now Epoch ms.
 */
export async function judgeMapboxToken(
  store: Store,
  token: string,
  now: () => number,
): Promise<Verdict> {
  const codec = createMapboxCodec(await loadSecretKeys(store, 'mapbox', now()))
  const check = createMapboxCheck(store, codec, createRevocations(store, now), now)
  const result = await check(token)
  return result.code === 'TokenValid'
    ? { valid: true, kind: result.bearer.usage }
    : { valid: false, reason: result.code }
}
