import { randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Issuer } from '../issuer/issuer.ts'
import { findOwnPayload } from '../issuer/own-jwt.ts'
import type { Store } from '../store/open.ts'
import { initSetting } from '../store/settings.ts'

/** A refresh token: the family that its sign-in opened, and its place in the family. */
export interface RefreshTicket {
  readonly family: string
  readonly generation: number
}

/** Refresh tokens. Only this issuer verifies them, so they are signed with a shared secret (HS256). */
export interface RefreshTokens {
  /** The same ticket and times (epoch ms) give the same string, so that a retry gets the same answer. */
  create(ticket: RefreshTicket, issuedAt: number, expiresAt: number): Promise<string>
  /** The ticket of a token; `undefined` unless it is a current refresh token of ours. */
  findTicket(token: string): Promise<RefreshTicket | undefined>
}

const SETTING = 'refresh_secret'
const TYPE = 'refresh'

/** Creates the refresh tokens of an issuer. Their secret (256 bits) is created with the first token. */
export function createRefreshTokens(
  store: Store,
  { url, now }: Pick<Issuer, 'url' | 'now'>,
): RefreshTokens {
  let secret: Uint8Array | undefined
  const getSecret = async () => {
    secret ??= Buffer.from(
      await initSetting(store, SETTING, randomBytes(32).toString('base64url')),
      'base64url',
    )
    return secret
  }

  return {
    create: async ({ family, generation }, issuedAt, expiresAt) =>
      new SignJWT({ token_type: TYPE, family, generation })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(url)
        .setAudience(url)
        .setJti(`${family}.${generation}`)
        .setIssuedAt(Math.floor(issuedAt / 1000))
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .sign(await getSecret()),

    findTicket: async (token) => {
      const rules = { algorithm: 'HS256', headerMembers: ['alg', 'typ'] }
      const payload = await findOwnPayload(token, getSecret, rules, { url, now })
      if (payload?.token_type !== TYPE) return
      const { family, generation } = payload
      if (typeof family !== 'string' || typeof generation !== 'number') return
      return Number.isSafeInteger(generation) ? { family, generation } : undefined
    },
  }
}
