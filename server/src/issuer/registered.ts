import { InvalidTokenError } from '@tilepass/guard'
import type { OwnTokenClaims } from '@tilepass/guard/broker'
import { type CurrentToken, findCurrentToken } from '../store/api-tokens.ts'
import type { Connection } from '../store/open.ts'
import type { OwnVerifier } from './verify.ts'

/**
 * Restricts a verifier to current tokens of the registry. The registry is read every time, so that no
 * cache stands between these tokens and a revocation; therefore nothing is recalled.
 */
export function createRegisteredVerifier(
  connection: Connection,
  verifier: OwnVerifier,
): OwnVerifier {
  return {
    recall: () => undefined,
    verify: async (token, use) => {
      const claims = await verifier.verify(token, use)
      await requireRegistered(connection, claims)
      return claims
    },
  }
}

/**
 * Requires an API token of the registry that is not revoked, and of an account that may act.
 *
 * @throws `InvalidTokenError`
 */
export async function requireRegistered(
  connection: Connection,
  { sub, org_id }: OwnTokenClaims,
): Promise<CurrentToken> {
  const token = await findCurrentToken(connection, sub)
  if (token?.format !== 'jwt' || token.orgId !== org_id)
    throw new InvalidTokenError('not in the registry')
  return token
}
