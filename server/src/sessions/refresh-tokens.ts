import { randomBytes } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { isCanonicalJws } from '../issuer/canonical-jws.ts'
import type { Issuer } from '../issuer/issuer.ts'
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
      if (!isCanonicalJws(token, ['alg', 'typ'])) return
      const key = await getSecret()
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer: url,
          audience: url,
          requiredClaims: ['exp', 'iat', 'jti'],
          currentDate: new Date(now()),
        })
        const { token_type: type, family, generation } = payload
        if (type !== TYPE || typeof family !== 'string' || typeof generation !== 'number') return
        return { family, generation }
      } catch (error) {
        if (error instanceof errors.JOSEError) return
        throw error
      }
    },
  }
}
