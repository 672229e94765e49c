import {
  createVerifier,
  GuardError,
  InvalidTokenError,
  type TokenClaims,
  type TokenUse,
  type Verifier,
} from '@tilepass/guard'
import type { OwnTokenClaims } from '@tilepass/guard/broker'
import type { Basis } from '../store/watch.ts'
import type { Issuer } from './issuer.ts'
import { findTokenKind, type Purpose, TOKEN_TYPES } from './kinds.ts'
import { meterVerifier } from './meter-verifier.ts'

/** A verifier for tokens of this issuer. */
export type OwnVerifier = Verifier<OwnTokenClaims>

/**
 * Creates a verifier for tokens of this issuer whose kind allows the use. A revoked API token revokes
 * the access tokens exchanged for it, a disabled account every token of its organisation.
 */
export function createOwnVerifier(issuer: Issuer, wanted: Purpose): OwnVerifier {
  const { keys, meter } = issuer
  let { jwks } = keys
  // What opens tiles goes on for a while when the database of several replicas is away.
  const basis = wanted === 'tiles' ? 'known' : 'current'
  let verifier = createForKeys(issuer, basis)

  const getCurrent = () => {
    if (keys.jwks !== jwks) {
      jwks = keys.jwks
      verifier = createForKeys(issuer, basis)
    }
    return verifier
  }
  const isAllowed = (claims: TokenClaims): claims is OwnTokenClaims =>
    findTokenKind(claims)?.purposes.includes(wanted) ?? false

  return meterVerifier(
    {
      recall: (token, use) => {
        const claims = keys.isCurrent(basis) ? getCurrent().recall(token, use) : undefined
        return claims && isAllowed(claims) ? claims : undefined
      },
      verify: async (token, use) => {
        await keys.refresh(basis)
        const claims = await getCurrent().verify(token, use)
        if (!isAllowed(claims)) throw new InvalidTokenError('wrong kind of token')
        return claims
      },
    },
    wanted,
    meter,
  )
}

/** The claims of a token, or `undefined` if the verifier refuses it. @throws if it cannot decide */
export async function findClaims(
  verifier: OwnVerifier,
  token: string,
  use?: TokenUse,
): Promise<OwnTokenClaims | undefined> {
  try {
    return await verifier.verify(token, use)
  } catch (error) {
    if (isRefusal(error)) return
    throw error
  }
}

/**
 * Runs a check of a token.
 *
 * @param toError Makes the error of the API from the guard's, which says why.
 * @throws what `toError` makes of a token that is refused; anything else if the check cannot decide.
 */
export async function refuseAs<T>(
  toError: (cause: GuardError) => Error,
  check: () => Promise<T>,
): Promise<T> {
  try {
    return await check()
  } catch (error) {
    throw isRefusal(error) ? toError(error) : error
  }
}

function isRefusal(error: unknown): error is GuardError {
  return error instanceof GuardError && error.status < 500
}

function createForKeys({ url, keys, revocations, now }: Issuer, basis: Basis): Verifier {
  const isRevoked = (claims: TokenClaims) => revocations.refuses(claims, basis)
  const peek = (claims: TokenClaims) => revocations.peek(claims, basis)
  return createVerifier({
    issuer: url,
    audience: url,
    jwks: keys.jwks,
    algorithms: keys.algorithms,
    // The table of kinds says what each type may be used for.
    tokenType: TOKEN_TYPES,
    // The synchronous answer spares known tokens a turn of the event loop.
    isRevoked: Object.assign(isRevoked, { peek }),
    now,
  })
}
