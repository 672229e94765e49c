/** Replaces the characters of a message that `error_description` must not contain. @see RFC 6749 §5.2 */
export function toErrorDescription(message: string): string {
  return message.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/gu, '?')
}
