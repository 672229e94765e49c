import type { Logger } from 'pino'
import type { BrokerConfig } from '../config/schema.ts'
import { readSealingKeys } from '../config/sealing-keys.ts'
import { ConfigError } from '../settings/config-error.ts'
import { SealedStoreError } from '../store/errors.ts'
import type { Store } from '../store/open.ts'
import { listStoredSecrets } from '../store/sealed-columns.ts'
import type { SealingKey } from '../store/sealing-key.ts'
import { assertOpens, settleSealing } from '../store/settle-sealing.ts'

/** What a store is sealed with at the start of a broker. */
export interface SealStoreOptions {
  readonly keys: readonly SealingKey[]
  readonly logger: Logger
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * Seals a store that was just opened, and logs what that changed. If its secrets do not open, it is closed.
 *
 * @throws `SealedStoreError`; `ConfigError` if the engine requires a key.
 */
export async function sealStore(
  store: Store,
  { keys, logger, now }: SealStoreOptions,
): Promise<void> {
  const { migrationBackup: backup } = store
  if (backup !== undefined)
    logger.info(
      { backup },
      'the schema of the store was brought up to date; this is a copy of before',
    )
  try {
    const options = { keys, mayBegin: true, now: now() }
    const { begun, isPurgePending } = await settleSealing(store, options)
    if (begun > 0)
      logger.warn(
        { secrets: begun, key: keys[0]?.id },
        'the secrets in the store were plain until now, and are sealed: earlier backups still hold them plain',
      )
    if (isPurgePending)
      logger.warn(
        'another process uses the store, so secrets of before may be left in free pages of its file: the next start removes them',
      )
  } catch (error) {
    await store.close()
    throw error
  }
}

/**
 * Reads the keys of a sealed store again, and checks that they open every secret.
 *
 * @returns What puts the keys in place. A store that is plain stays plain.
 * @throws {@link ConfigError} if they do not; then nothing has changed.
 */
export async function prepareSealingKeys(
  store: Store,
  { secretKey }: Pick<BrokerConfig, 'secretKey'>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<() => void> {
  if (store.sealing.keyIds.length === 0) return () => undefined
  const keys = await readSealingKeys(secretKey, env)
  try {
    assertOpens(await listStoredSecrets(store), keys)
  } catch (error) {
    if (!(error instanceof SealedStoreError)) throw error
    throw new ConfigError([`secretKey: ${error.message}`])
  }
  return () => store.sealing.use(keys)
}
