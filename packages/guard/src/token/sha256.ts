import { base64url } from 'jose'

/** Hashes a text, as UTF-8, with SHA-256; the hash is in base64url. */
export async function hashText(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return base64url.encode(new Uint8Array(hash))
}
