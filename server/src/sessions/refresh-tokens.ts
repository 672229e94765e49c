import { randomBytes } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { isPlainForm } from '../issuer/plain-form.ts'
import type { Store } from '../store/open.ts'
import { initSetting } from '../store/settings.ts'

/** Which refresh token: the family that one sign-in began, and its place in the chain. */
export interface RefreshTicket {
  readonly family: string
  readonly generation: number
}

/** Refresh tokens: for us alone, so they are signed with a secret and no verifier knows a key. */
export interface RefreshTokens {
  /** The same ticket and times give the same string, so a retry can be answered alike. Epoch ms. */
  sign(ticket: RefreshTicket, issuedAt: number, expiresAt: number): Promise<string>
  /** `undefined` for whatever is not a current refresh token of ours. */
  find(token: string): Promise<RefreshTicket | undefined>
}

const SETTING = 'refresh_secret'
const TYPE = 'refresh'

/**
 * Creates the refresh tokens of an issuer; their secret (256 bits) is made with the first of them.
 *
 * @param now Epoch ms.
 */
export function createRefreshTokens(
  store: Store,
  issuer: string,
  now: () => number,
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
    sign: async ({ family, generation }, issuedAt, expiresAt) =>
      new SignJWT({ token_type: TYPE, family, generation })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(issuer)
        .setJti(`${family}.${generation}`)
        .setIssuedAt(Math.floor(issuedAt / 1000))
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .sign(await getSecret()),

    find: async (token) => {
      if (!isPlainForm(token, ['alg', 'typ'])) return
      const key = await getSecret()
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer,
          audience: issuer,
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
