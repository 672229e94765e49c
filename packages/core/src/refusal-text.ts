/** What an endpoint says of its refusal. @see RFC 6749 §5.2 */
export interface RefusalText {
  readonly error?: string | undefined
  readonly errorDescription?: string | undefined
}

/** A refusal counts without its text if that has not come after this long (ms). */
const PATIENCE = 1000
const MAX_LENGTH = 500

/** Reads what an endpoint says of its refusal; nothing if that is not JSON, or does not come. */
export async function readRefusal(response: Response): Promise<RefusalText> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE))
  const body = await Promise.race([response.json(), late]).catch(() => undefined)
  return {
    error: toPlainText(body?.error),
    errorDescription: toPlainText(body?.error_description),
  }
}

/** Short text on one line, without what may be a token: 20 characters in a row that are no word. */
function toPlainText(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const plain = text
    .replace(/\s+/g, ' ')
    .replace(/\p{C}/gu, '')
    .replace(/(?=\S*[^\p{L}\s-])[^ "'<>(),;]{20,}/gu, '…')
  return plain.trim().slice(0, MAX_LENGTH) || undefined
}
