/** Default lifetime of an API token, in seconds: a year. */
export const DEFAULT_API_SECONDS = 365 * 86_400
/** Longest note of a token, in characters. */
export const MAX_NOTE_LENGTH = 128

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Can this be the name of an account? */
export function isAccountName(name: string): boolean {
  return NAME.test(name)
}

/** Can this be the name of a dataset? */
export function isDatasetName(name: string): boolean {
  return NAME.test(name)
}

/** Does this have the form of an email address? */
export function isEmail(value: string): boolean {
  return value.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(value) && !value.includes('\0')
}
