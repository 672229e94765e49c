import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SECRET_KEYS } from '../../src/issuer/secret-keys.ts'
import type { Store } from '../../src/store/open.ts'
import { listSecretKeyRows } from '../../src/store/secret-keys.ts'
import { listSigningKeyRows } from '../../src/store/signing-keys.ts'

/** Every secret of a store, opened, as far as it identifies the secret in raw bytes. */
export async function listPlainSecrets(store: Store): Promise<readonly string[]> {
  const purposes = Object.keys(SECRET_KEYS)
  const rows = await Promise.all(purposes.map((purpose) => listSecretKeyRows(store, purpose)))
  const signing = await listSigningKeyRows(store)
  return [
    // The private exponent and a prime: the other members of the JWK follow from them.
    ...signing.flatMap(({ private_jwk: text }) => {
      const { d, p }: { d: string; p: string } = JSON.parse(text)
      return [d, p]
    }),
    ...rows.flat().map(({ secret }) => secret),
  ]
}

/** The files of a folder in whose bytes one of these texts is found, whole or a part of it. */
export function findFilesWith(folder: string, texts: readonly string[]): readonly string[] {
  return readdirSync(folder).filter((name) => {
    const bytes = readFileSync(join(folder, name))
    return texts.some((text) => {
      // Pages of a database end anywhere, so a piece from each part of the text is looked for.
      const starts = [0, Math.floor(text.length / 2), text.length - 16]
      return starts.some((at) => bytes.includes(text.slice(at, at + 16)))
    })
  })
}
