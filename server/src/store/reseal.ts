import { addAuditEntry } from './audit.ts'
import { applyChange } from './changes.ts'
import { lockSecrets } from './lock-secrets.ts'
import type { Store } from './open.ts'
import { notePurge } from './purge.ts'
import { isSealed, sealValue } from './seal.ts'
import { countSealed, listStoredSecrets, replaceStoredSecret } from './sealed-columns.ts'
import { openStrictly } from './sealing.ts'
import type { SealingKey } from './sealing-key.ts'

/**
 * Seals every secret again with the first key, plain ones among them, in one transaction.
 *
 * @returns How many had another key, and how many were plain.
 * @throws `SealedStoreError` if a secret does not open; then nothing has changed.
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
    const { plain } = countSealed(secrets)
    for (const secret of secrets) {
      const { place, value } = secret
      const text = isSealed(value) ? openStrictly(keys, place, value) : value
      await replaceStoredSecret(change, secret, sealValue(key, place, text))
    }
    await addAuditEntry(change, {
      ...{ at: now, actor: 'cli', action: 'secret-key.rotate', target: key.id },
      detail: `${secrets.length} secrets`,
    })
    await notePurge(change)
    change.noteWrite()
    return { replaced: secrets.length - plain, plain }
  })
}
