/** Lifetime of an API token when nobody says another, in seconds: a year. */
export const DEFAULT_API_SECONDS = 365 * 86_400
/** Longest note of a token, in characters. */
export const MAX_NOTE_LENGTH = 128

/** Can this be the name of an account? */
export function isAccountName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)
}

/** Does this look like an e-mail address? Only a message can tell whether it is one. */
export function isEmail(value: string): boolean {
  return value.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(value) && !value.includes('\0')
}
