import type { WaitUntil } from '../keys/single-flight.ts'
import type { TokenClaims } from './claims.ts'

/** Tells whether a token has been revoked. */
export interface RevocationCheck {
  /**
   * @param keyId The `kid` of the key that signed the token: an issuer may revoke a key as well.
   *   Empty if neither the key nor the token has one.
   * @throws if it cannot tell. `verify` then rejects with the same error: it fails closed.
   */
  (claims: TokenClaims, keyId: string): boolean | Promise<boolean>
  /**
   * The answer, if it is known without waiting; `undefined` if the check must be called. Without
   * `peek`, every use of a token calls the check and waits for it.
   */
  peek?(claims: TokenClaims, keyId: string): boolean | undefined
}

/** The check that reads what an issuer publishes. Its fetches may go on behind the answer. */
export interface RevocationFeed extends RevocationCheck {
  (claims: TokenClaims, keyId: string, waitUntil?: WaitUntil): Promise<boolean>
  peek(claims: TokenClaims, keyId: string, waitUntil?: WaitUntil): boolean | undefined
}

/** Is it known, without waiting, that this check lets the token pass? */
export function isKnownUnrevoked(
  check: RevocationCheck | undefined,
  claims: TokenClaims,
  keyId: string,
): boolean {
  return check === undefined || check.peek?.(claims, keyId) === false
}
