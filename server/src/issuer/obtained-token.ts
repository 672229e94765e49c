import type { MintedToken } from './mint.ts'

/** An access token for a client, from this issuer or from an upstream. */
export interface ObtainedToken {
  readonly token: string
  /** Space-separated; `undefined` if none is known. */
  readonly scope: string | undefined
  /** Epoch ms. */
  readonly expiresAt: number
  /** Whole seconds until then, never more than the token's lifetime. */
  readonly expiresInSeconds: number
}

/**
 * A minted token as it is handed to a client at `now`, in epoch ms. A shared token may have been minted
 * earlier, and a clock that was set back must not add to its lifetime.
 */
export function toObtainedToken(
  { token, scope, iat, exp }: MintedToken,
  now: number,
): ObtainedToken {
  const expiresInSeconds = exp - Math.max(iat, Math.floor(now / 1000))
  return { token, scope, expiresAt: exp * 1000, expiresInSeconds }
}
