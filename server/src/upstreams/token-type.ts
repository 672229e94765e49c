import { UpstreamInvalidError } from './errors.ts'

/**
 * Pages send what they get as a bearer token.
 *
 * @throws {@link UpstreamInvalidError} for another type; servers that name none mean this one.
 */
export function assertBearer(type: unknown): void {
  if (type === undefined || (typeof type === 'string' && /^bearer$/i.test(type))) return
  throw new UpstreamInvalidError('answered a token of another type than Bearer')
}
