import { UpstreamInvalidError } from './errors.ts'

/**
 * Pages send every access token as a bearer token, so no other type may be relayed.
 *
 * @param type `token_type` of the response; a server that leaves it out means `Bearer`.
 * @throws {@link UpstreamInvalidError}
 */
export function assertBearer(type: unknown): void {
  if (type === undefined || (typeof type === 'string' && /^bearer$/i.test(type))) return
  throw new UpstreamInvalidError('token type is not Bearer')
}
