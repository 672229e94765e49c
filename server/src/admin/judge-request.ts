import { InvalidRequestError } from '../errors.ts'
import type { ApiTokenRequest } from '../issuer/api-tokens.ts'
import { InvalidScopeError, UnauthorizedError } from '../issuer/errors.ts'
import { narrow, type Rights } from '../issuer/narrow.ts'
import { DEFAULT_API_SECONDS } from './rules.ts'

/**
 * Decides what a new API token permits, and until when: never more, and no longer, than the token of
 * the operator who asks.
 *
 * @param permitted The rights of the operator; without them everything is permitted.
 * @param now Seconds since 1970.
 * @throws {@link InvalidScopeError}; {@link InvalidRequestError} for a lifetime that is too long.
 */
export function judgeRequest(
  {
    scopes,
    tiles,
    expiresInSeconds,
  }: Pick<ApiTokenRequest, 'scopes' | 'tiles' | 'expiresInSeconds'>,
  permitted: Rights | undefined,
  now: number,
): Rights & { readonly exp: number } {
  const end = permitted?.exp ?? Number.POSITIVE_INFINITY
  // A token within the leeway has no lifetime left to hand on.
  if (end <= now) throw new UnauthorizedError('Bearer error="invalid_token"')
  const exp = now + (expiresInSeconds ?? Math.min(DEFAULT_API_SECONDS, end - now))
  if (!permitted) return { scopes, tiles, exp }
  const { rights, exceeded } = narrow(permitted, { scopes, tiles, exp })
  if (rights) return { ...rights, exp }
  if (exceeded === 'exp')
    throw new InvalidRequestError(
      `"expires_in" must be at most ${end - now}: a token must not outlive the token that creates it (given: ${expiresInSeconds})`,
    )
  throw new InvalidScopeError()
}
