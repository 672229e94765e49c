import { GuardError, InvalidTokenError } from '@tilepass/guard'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { createDownloadTokens } from '../issuer/download-tokens.ts'
import { findKind } from '../issuer/kinds.ts'
import { createMapboxCheck } from '../issuer/mapbox/check.ts'
import { createMapboxCodec } from '../issuer/mapbox/codec.ts'
import { loadMapboxKey } from '../issuer/mapbox/key.ts'
import { createSign } from '../issuer/sign.ts'
import { loadSigningKeys } from '../issuer/signing-keys.ts'
import { createOwnVerifier, type OwnTokens } from '../issuer/verify.ts'
import { createRefreshTokens } from '../sessions/refresh-tokens.ts'
import { findFamily } from '../store/login-families.ts'
import type { Store } from '../store/open.ts'
import { createRevocations } from '../store/revocations.ts'

/** What a token says of itself, unchecked. */
export interface TokenParts {
  readonly header: unknown
  readonly claims: Readonly<Record<string, unknown>>
}

/** Whether a token is good, and of which kind; else why it is not. */
export type Verdict =
  | { readonly valid: true; readonly kind: string | undefined }
  | { readonly valid: false; readonly reason: string }

const MAPBOX = /^(pk|sk|tk)\./

/** Reads a token without checking it; `undefined` if it is none. */
export function decodeToken(token: string): TokenParts | undefined {
  try {
    const [, header] = MAPBOX.exec(token) ?? []
    if (header === undefined)
      return { header: decodeProtectedHeader(token), claims: decodeJwt(token) }
    const payload: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
    )
    return typeof payload === 'object' && payload ? { header, claims: { ...payload } } : undefined
  } catch {
    return
  }
}

/**
 * Judges a token of any kind as the servers on this data folder would.
 *
 * @param now Epoch ms.
 */
export async function judgeToken(
  store: Store,
  issuer: string,
  token: string,
  now: () => number,
): Promise<Verdict> {
  if (MAPBOX.test(token)) return judgeMapbox(store, token, now)
  const keys = await loadSigningKeys(store, now())
  const own = { issuer, keys, revocations: createRevocations(store, now), now }
  const { header, claims } = decodeToken(token) ?? { header: {}, claims: {} }
  if (claims.typ === 'download') return judgeDownload(own, token)
  const algorithm: unknown = typeof header === 'object' && header && Reflect.get(header, 'alg')
  if (algorithm === 'HS256') return judgeRefresh(store, issuer, token, now)
  return judgeOwn(store, own, token, claims.token_type === 'session')
}

async function judgeOwn(
  store: Store,
  own: OwnTokens,
  token: string,
  isSession: boolean,
): Promise<Verdict> {
  try {
    const claims = await createOwnVerifier(own, isSession ? 'session' : 'tiles').verify(token, {
      keepsTileClaims: true,
      keepsBinding: true,
    })
    if (isSession) {
      const family = await findFamily(store, claims.parent ?? '')
      if (!family || family.ended_at !== null) return { valid: false, reason: 'signed out' }
    }
    return { valid: true, kind: findKind(claims)?.name }
  } catch (error) {
    if (error instanceof InvalidTokenError) return { valid: false, reason: error.detail }
    if (error instanceof GuardError) return { valid: false, reason: error.message }
    throw error
  }
}

async function judgeMapbox(store: Store, token: string, now: () => number): Promise<Verdict> {
  const check = createMapboxCheck(store, createMapboxCodec(await loadMapboxKey(store)), now)
  const result = await check(token)
  return result.code === 'TokenValid'
    ? { valid: true, kind: result.bearer.usage }
    : { valid: false, reason: result.code }
}

async function judgeDownload(own: OwnTokens, token: string): Promise<Verdict> {
  const found = await createDownloadTokens(own, createSign(own.keys, own.issuer)).find(token)
  return typeof found === 'object'
    ? { valid: true, kind: 'download' }
    : { valid: false, reason: 'invalid or expired download token' }
}

async function judgeRefresh(
  store: Store,
  issuer: string,
  token: string,
  now: () => number,
): Promise<Verdict> {
  const ticket = await createRefreshTokens(store, issuer, now).find(token)
  const family = ticket && (await findFamily(store, ticket.family))
  if (!family) return { valid: false, reason: 'invalid or expired refresh token' }
  if (family.ended_at !== null) return { valid: false, reason: 'signed out' }
  return ticket.generation === family.generation
    ? { valid: true, kind: 'refresh' }
    : { valid: false, reason: 'spent' }
}
