/** Replaces each secret in a text, plain or percent-encoded, with `…`. Undefined ones are skipped. */
export function redact(text: string, secrets: Iterable<string | undefined>): string {
  let clean = text
  for (const secret of new Set(secrets)) {
    if (secret) clean = clean.replaceAll(secret, '…').replaceAll(encodeURIComponent(secret), '…')
  }
  return clean
}
