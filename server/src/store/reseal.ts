import { addAuditEntry } from './audit.ts'
import { applyChange } from './changes.ts'
import { lockSecrets, noteSealed, wasSealed } from './lock-secrets.ts'
import type { Store } from './open.ts'
import { notePurge } from './purge.ts'
import { sealValue } from './seal.ts'
import { countSealed, listStoredSecrets, replaceStoredSecret } from './sealed-columns.ts'
import { openStrictly } from './sealing.ts'
import type { SealingKey } from './sealing-key.ts'

/**
 * Seals every secret again with the first key, in one transaction; or for the first time, in a store that
 * was never sealed.
 *
 * @returns How many were sealed before, and how many were plain.
 * @throws `SealedStoreError` if a secret does not open, or is plain in a store that was sealed before; then
 *   nothing has changed.
 */
export async function resealAll(
  store: Store,
  keys: readonly [SealingKey, ...SealingKey[]],
  now: number,
): Promise<{ readonly replaced: number; readonly plain: number }> {
  const [key] = keys
  return applyChange(store, async (change) => {
    await lockSecrets(change)
    const secrets = await listStoredSecrets(change)
    const { sealed, plain } = countSealed(secrets)
    const isSealedStore = sealed > 0 || (await wasSealed(change))
    for (const secret of secrets) {
      const { place, value } = secret
      const text = isSealedStore ? openStrictly(keys, place, value) : value
      await replaceStoredSecret(change, secret, sealValue(key, place, text))
    }
    await addAuditEntry(change, {
      ...{ at: now, actor: 'cli', action: 'secret-key.rotate', target: key.id },
      detail: `${secrets.length} secrets`,
    })
    await noteSealed(change)
    await notePurge(change)
    change.noteWrite()
    return { replaced: sealed, plain }
  })
}
