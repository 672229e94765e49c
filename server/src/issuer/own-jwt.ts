import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { isCanonicalJws } from './canonical-jws.ts'
import type { Issuer } from './issuer.ts'

/** A payload whose times and id have been checked. Times are whole seconds since 1970. */
export interface OwnPayload extends JWTPayload {
  readonly iat: number
  readonly exp: number
  readonly jti: string
}

/** How a kind of token is signed. */
export interface OwnJwtRules {
  readonly algorithms: readonly string[]
  /** Exactly the members of its header. */
  readonly headerMembers: readonly string[]
}

/** How far `iat` may lie ahead of our clock, in seconds: other processes may have signed the token. */
const MAX_FUTURE_ISSUE = 30

/**
 * Verifies a token of a kind that only this issuer reads. JWT libraries accept times that are no
 * instants, ids of any type and tokens from the future, so these are checked here.
 *
 * @param getKey Called only for tokens of the right form.
 * @returns `undefined` for a token that is not genuine, not current or not as we write it.
 */
export async function findOwnPayload(
  token: string,
  getKey: JWTVerifyGetKey,
  { algorithms, headerMembers }: OwnJwtRules,
  { url, now }: Pick<Issuer, 'url' | 'now'>,
): Promise<OwnPayload | undefined> {
  if (!isCanonicalJws(token, headerMembers)) return
  const at = now()
  try {
    const { payload } = await jwtVerify(token, getKey, {
      algorithms: [...algorithms],
      issuer: url,
      audience: url,
      requiredClaims: ['exp', 'iat', 'jti'],
      currentDate: new Date(at),
    })
    const { iat, exp, jti } = payload
    if (!isSeconds(iat) || !isSeconds(exp) || exp <= iat) return
    if (iat > at / 1000 + MAX_FUTURE_ISSUE) return
    if (typeof jti !== 'string' || jti === '') return
    return { ...payload, iat, exp, jti }
  } catch (error) {
    if (error instanceof errors.JOSEError) return
    throw error
  }
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
