import { readSealingKeys } from '../../config/sealing-keys.ts'
import { listPlainCopies } from '../../store/plain-copies.ts'
import { findSealingKeyId } from '../../store/seal.ts'
import { listStoredSecrets } from '../../store/sealed-columns.ts'
import type { DataContext, Surroundings } from '../context.ts'
import { type Finding, ok, warning } from './finding.ts'

/** Says whether the secrets in the store are sealed. Those that do not open have stopped the command before. */
export async function checkSealing(
  { store, settings, hint }: Pick<DataContext, 'store' | 'settings' | 'hint'>,
  { env }: Pick<Surroundings, 'env'>,
): Promise<readonly Finding[]> {
  const configured = (await readSealingKeys(settings.secretKey, env)).map(({ id }) => id)
  const secrets = await listStoredSecrets(store)
  const used = new Set(secrets.map(({ value }) => findSealingKeyId(value)))
  const [first] = configured
  if (first === undefined)
    return [
      ok(
        'secrets',
        'Not sealed: whoever reads the data folder or a backup of it has every key (see TILEPASS_SECRET_KEY)',
      ),
    ]
  if (used.has(undefined))
    return [
      warning(
        'secrets',
        'Not sealed yet, though there is a key',
        'Restart every server with the key: the first one seals the secrets.',
      ),
    ]
  const others = configured.filter((id) => id !== first && used.has(id))
  const idle = configured.filter((id) => id !== first && !used.has(id))
  const text = [
    `Sealed with the key ${[...(used.has(first) || used.size === 0 ? [first] : []), ...others].join(', ')}`,
    ...idle.map(
      (id) =>
        `${id} seals nothing: it may go from the list; keep a copy as long as a backup needs it`,
    ),
  ].join('; ')
  const finding =
    others.length === 0
      ? ok('secrets', text)
      : warning('secrets', text, `Seal all with the first key: ${hint('secret-key rotate')}`)
  return [finding, ...(await warnOfPlainCopies(settings.data))]
}

/** Copies that upgrades and restores have left may be older than the sealing. */
async function warnOfPlainCopies(data: string): Promise<readonly Finding[]> {
  const names = await listPlainCopies(data)
  return names.length === 0
    ? []
    : [
        warning(
          'secrets',
          `Copies in the data folder hold plain keys: ${names.join(', ')}`,
          'Once the upgrade or restore has proved itself, delete them, or move them to a safe place.',
        ),
      ]
}
