import { addAuditEntry } from './audit.ts'
import { applyChange } from './changes.ts'
import { SealedStoreError } from './errors.ts'
import { lockSecrets, noteSealed, wasSealed } from './lock-secrets.ts'
import type { Store } from './open.ts'
import { notePurge, purgeIfPending } from './purge.ts'
import { requireSealing } from './require-sealing.ts'
import { sealValue } from './seal.ts'
import {
  countSealed,
  listStoredSecrets,
  replaceStoredSecret,
  type StoredSecret,
} from './sealed-columns.ts'
import { NO_KEY, openStrictly } from './sealing.ts'
import type { SealingKey } from './sealing-key.ts'

/** How an open store is sealed. */
export interface SealingOptions {
  /** The first one seals; empty: secrets stay plain. */
  readonly keys: readonly SealingKey[]
  /**
   * May this seal a data folder that is plain until now? A server does at its start. A command does not:
   * a server without the key may be running.
   */
  readonly mayBegin: boolean
  /** Epoch ms. */
  readonly now: number
}

/** What {@link settleSealing} did. */
export interface SealingOutcome {
  /** How many plain secrets were sealed. */
  readonly begun: number
  /** Could another process keep plain secrets from being wiped from the file? */
  readonly isPurgePending: boolean
}

/**
 * Checks that the keys open every secret of the store, and seals from then on. A data folder that was
 * never sealed is sealed in one transaction; of two servers that start at once, one does it. Nothing is
 * created or changed if a secret does not open.
 *
 * Plain secrets in a database, or in a folder that was sealed before, are refused: whoever can write there
 * could put in keys of their own in the place of all others.
 *
 * @throws `SealedStoreError` saying what to do; `ConfigError` if the engine requires a key.
 */
export async function settleSealing(
  store: Store,
  { keys, mayBegin, now }: SealingOptions,
): Promise<SealingOutcome> {
  requireSealing(store.kind, keys)
  const secrets = await listSettled(store)
  const { sealed, plain } = countSealed(secrets)
  const isMarked = await wasSealed(store)
  if (isMarked && keys.length === 0) throw new SealedStoreError(NO_KEY)
  const isPlain = plain > 0 && sealed === 0 && !isMarked
  if (isPlain && store.kind === 'postgres') throw new SealedStoreError(PLAIN_DATABASE)
  if (isPlain && keys.length > 0 && !mayBegin) return { begun: 0, isPurgePending: false }
  const begun = isPlain && keys.length > 0 ? await sealAll(store, keys, now) : 0
  assertOpens(begun > 0 || isPlain ? await listStoredSecrets(store) : secrets, keys)
  store.sealing.use(keys)
  if (keys.length > 0 && !isMarked) await applyChange(store, noteSealed)
  return { begun, isPurgePending: keys.length > 0 && !(await purgeIfPending(store)) }
}

const PLAIN_DATABASE =
  'The secrets in this database are not sealed, and no start begins to seal there: somebody who can write to the database may have put them in the place of the sealed ones. If they are yours, seal them with "tilepass secret-key rotate"; otherwise restore the database from a backup. Nothing was changed'

/** @throws `SealedStoreError` unless the keys open all of these. */
export function assertOpens(secrets: readonly StoredSecret[], keys: readonly SealingKey[]): void {
  for (const { place, value } of secrets) openStrictly(keys, place, value)
}

/** Another server may seal the store between the queries: then one more look sees all of it sealed. */
async function listSettled(store: Store): Promise<readonly StoredSecret[]> {
  const secrets = await listStoredSecrets(store)
  const { sealed, plain } = countSealed(secrets)
  return sealed > 0 && plain > 0 ? listStoredSecrets(store) : secrets
}

/** Seals plain secrets. @returns How many; 0 if another process was faster. */
async function sealAll(store: Store, keys: readonly SealingKey[], now: number): Promise<number> {
  const [key] = keys
  if (!key) return 0
  return applyChange(store, async (change) => {
    await lockSecrets(change)
    const secrets = await listStoredSecrets(change)
    const { sealed, plain } = countSealed(secrets)
    if (sealed > 0 || plain === 0) return 0
    for (const secret of secrets)
      await replaceStoredSecret(change, secret, sealValue(key, secret.place, secret.value))
    await addAuditEntry(change, {
      ...{ at: now, actor: 'broker', action: 'secret-key.seal', target: key.id },
      detail: `${plain} secrets`,
    })
    await noteSealed(change)
    await notePurge(change)
    change.noteWrite()
    return plain
  })
}
