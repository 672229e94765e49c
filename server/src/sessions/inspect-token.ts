import {
  findTokenParts,
  judgeDownloadToken,
  judgeMapboxToken,
  judgeSignedToken,
  type Verdict,
} from '../issuer/inspection.ts'
import type { Issuer } from '../issuer/issuer.ts'
import { isMapboxToken } from '../issuer/mapbox/codec.ts'
import { loadSigningKeys } from '../issuer/signing-keys.ts'
import { findFamily } from '../store/login-families.ts'
import type { Store } from '../store/open.ts'
import { createRevocations } from '../store/revocations.ts'
import { createRefreshTokens } from './refresh-tokens.ts'

/**
 * Judges a token of any kind as the servers on this data folder would.
 *
 * @param url `iss` of the tokens that are accepted; `undefined` if none is known yet.
 * @param now Epoch ms.
 */
export async function inspectToken(
  store: Store,
  url: string | undefined,
  token: string,
  now: () => number,
): Promise<Verdict> {
  if (isMapboxToken(token)) return judgeMapboxToken(store, token, now)
  if (url === undefined)
    return {
      valid: false,
      reason: `the issuer of this ${store.kind === 'sqlite' ? 'data folder' : 'database'} is not known yet`,
    }
  const keys = await loadSigningKeys(store, now())
  const issuer = { url, keys, revocations: createRevocations(store, now), now }
  const { header, claims } = findTokenParts(token) ?? { header: {}, claims: {} }
  if (claims.typ === 'download') return judgeDownloadToken(issuer, token)
  const algorithm: unknown = typeof header === 'object' && header && Reflect.get(header, 'alg')
  if (algorithm === 'HS256') return judgeRefreshToken(store, issuer, token)
  if (claims.token_type === 'session') return judgeSession(store, issuer, token)
  return judgeSignedToken(issuer, token, 'tiles')
}

async function judgeSession(store: Store, issuer: Issuer, token: string): Promise<Verdict> {
  const verdict = await judgeSignedToken(issuer, token, 'session')
  if (!verdict.valid) return verdict
  const family = await findFamily(store, verdict.claims?.parent ?? '')
  return family?.ended_at === null ? verdict : { valid: false, reason: 'signed out' }
}

async function judgeRefreshToken(store: Store, issuer: Issuer, token: string): Promise<Verdict> {
  const ticket = await createRefreshTokens(store, issuer).findTicket(token)
  const family = ticket && (await findFamily(store, ticket.family))
  if (!family) return { valid: false, reason: 'invalid or expired refresh token' }
  if (family.ended_at !== null) return { valid: false, reason: 'signed out' }
  return ticket.generation === family.generation
    ? { valid: true, kind: 'refresh' }
    : { valid: false, reason: 'spent' }
}
