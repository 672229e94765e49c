/** A shorter secret could be part of any text, so that it only counts as the whole text. */
const MIN_PART_LENGTH = 8

/** Does a text contain a secret, plain or encoded for a form, a URL, base64 or HTTP Basic? */
export function isSecretIn(text: string, secret: string): boolean {
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  const forms = [secret, form, encodeURIComponent(secret)]
  if (secret.length < MIN_PART_LENGTH) return forms.includes(text)
  const plain = text.replaceAll('-', '+').replaceAll('_', '/')
  return forms.some(
    (found) =>
      text.includes(found) || encodeBase64(found).some((encoded) => plain.includes(encoded)),
  )
}

/** How a text appears within base64, at each of the three offsets at which it can begin. */
function encodeBase64(text: string): readonly string[] {
  return [0, 2, 3].map((skipped, before) => {
    const bytes = Buffer.from('\0'.repeat(before) + text)
    return bytes.toString('base64').slice(skipped, Math.floor((bytes.length * 4) / 3))
  })
}
