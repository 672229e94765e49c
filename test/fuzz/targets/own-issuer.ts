import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Issuer } from '../../../server/src/issuer/issuer.ts'
import { loadSigningKeys } from '../../../server/src/issuer/signing-keys.ts'
import type { Store } from '../../../server/src/store/open.ts'
import { createRevocations } from '../../../server/src/store/revocations.ts'
import { openStoreOf } from '../../../server/test/support/store-under-test.ts'

export const ISSUER_URL = 'https://maps.example'
/** Epoch ms of the clock, a whole second. */
export const NOW = 1_800_000_000_000

let opened: ReturnType<typeof open> | undefined

/** An issuer with a store of its own; the same one for every input. */
export function openIssuer(): Promise<Opened> {
  opened ??= open()
  return opened
}

interface Opened {
  readonly store: Store
  readonly issuer: Issuer
}

async function open(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-fuzz-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const store = await openStoreOf(folder)
  const keys = await loadSigningKeys(store, NOW)
  const revocations = createRevocations(store, () => NOW)
  return { store, issuer: { url: ISSUER_URL, keys, revocations, now: () => NOW } }
}

/** Removes members that are `undefined`, and encodes. */
export const toSegment = (value: unknown) =>
  Buffer.from(JSON.stringify(value)).toString('base64url')
