/** Longest value of others that a message shows. */
const MAX_SHOWN = 100
/** What may be a token, which some client has put in the wrong place. */
const TOKEN = /(?<![\w-])[\w-]{16,}\.[\w-]{16,}[\w.-]*/g

/** Writes a value that came from others for a log: shortened, in printable ASCII, and without tokens. */
export function showForeign(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  const redacted = text.replace(TOKEN, '[redacted]')
  const shown = redacted.length > MAX_SHOWN ? `${redacted.slice(0, MAX_SHOWN)} ...` : redacted
  return shown.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
