import { InvalidTokenError } from '../errors.ts'
import { showForeign } from '../options/show-foreign.ts'

/**
 * A value of the token is not the one that the settings require. The detail names both, because the
 * commonest cause is a setting: it is for logs alone.
 *
 * @param name Name of what is compared.
 * @param expected As it is configured.
 * @param got From the token, whose signature may not have been checked yet: shortened, in printable ASCII.
 */
export function createMismatch(
  name: string,
  expected: string | readonly string[],
  got: unknown,
): InvalidTokenError {
  const list = typeof expected === 'string' ? [expected] : expected
  const wanted = list.map((value) => JSON.stringify(value)).join(' or ')
  return new InvalidTokenError(`${name} mismatch: expected ${wanted}, got ${showForeign(got)}`)
}
