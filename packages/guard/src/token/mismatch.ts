import { InvalidTokenError } from '../errors.ts'

/** Longest value of a token that a message shows. */
const MAX_SHOWN = 100
/** What may be a token, which some client has put in the wrong place. */
const TOKEN = /(?<![\w-])[\w-]{16,}\.[\w-]{16,}[\w.-]*/g

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
  return new InvalidTokenError(`${name} mismatch: expected ${wanted}, got ${show(got)}`)
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  const redacted = text.replace(TOKEN, '[redacted]')
  const shown = redacted.length > MAX_SHOWN ? `${redacted.slice(0, MAX_SHOWN)} ...` : redacted
  return shown.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
