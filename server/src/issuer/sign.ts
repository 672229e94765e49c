import { randomUUID } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import type { SigningKeys } from './signing-keys.ts'

/** Signs claims with the key whose turn it is; times in whole seconds since 1970. */
export type Sign = (claims: JWTPayload, iat: number, exp: number) => Promise<string>

/** Creates the function that signs tokens of any kind of this issuer, which is also their audience. */
export function createSign(keys: SigningKeys, issuer: string): Sign {
  return async (claims, iat, exp) => {
    await keys.refresh()
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: keys.algorithm, kid: keys.keyId, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setJti(randomUUID())
      .setIssuedAt(iat)
      .setExpirationTime(exp)
      .sign(keys.privateKey)
  }
}
