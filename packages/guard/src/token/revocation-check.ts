import type { TokenClaims } from './claims.ts'

/** Tells whether a token has been revoked. */
export interface RevocationCheck {
  /** @throws if it cannot tell. `verify` then rejects with the same error: it fails closed. */
  (claims: TokenClaims): boolean | Promise<boolean>
  /**
   * The answer, if it is known without waiting; `undefined` if the check must be called. Without
   * `peek`, every use of a token calls the check and waits for it.
   */
  peek?(claims: TokenClaims): boolean | undefined
}

/** Is it known, without waiting, that this check lets the token pass? */
export function isKnownUnrevoked(check: RevocationCheck | undefined, claims: TokenClaims): boolean {
  return check === undefined || check.peek?.(claims) === false
}
