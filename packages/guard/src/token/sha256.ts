import { encodeBase64url } from '../options/base64url.ts'

/** Hashes a text, as UTF-8, with SHA-256; the hash is in base64url. */
export async function hashText(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return encodeBase64url(new Uint8Array(hash))
}
