/** Replaces every given secret in a text, as it is or percent-encoded, by `…`. */
export function redact(text: string, secrets: Iterable<string>): string {
  let clean = text
  for (const secret of secrets) {
    clean = clean.replaceAll(secret, '…').replaceAll(encodeURIComponent(secret), '…')
  }
  return clean
}
