import { ConfigError } from '../settings/config-error.ts'
import { formatCommand } from '../settings/format-command.ts'
import type { StorePlace } from '../settings/store-place.ts'
import { findAccount } from '../store/accounts.ts'
import { type DatasetDetails, replaceConfiguredDatasets } from '../store/datasets.ts'
import type { Store } from '../store/open.ts'
import { inspectFile } from './inspect-file.ts'

/** The settings of a dataset. */
export interface DatasetSettings {
  readonly id: string
  readonly path: string
  readonly account: string
  readonly public: boolean
}

/** A configured dataset whose file was inspected. */
export interface LoadedDataset extends DatasetDetails {
  readonly id: string
}

/**
 * Checks the configured datasets; it changes nothing.
 *
 * @param place For messages.
 * @throws {@link ConfigError} naming every dataset that cannot be served.
 */
export async function loadDatasets(
  store: Store,
  settings: Readonly<Record<string, DatasetSettings>>,
  place: StorePlace,
): Promise<readonly LoadedDataset[]> {
  const faults: string[] = []
  const datasets: LoadedDataset[] = []
  for (const [name, dataset] of Object.entries(settings)) {
    const { id, account, public: isPublic } = dataset
    if (!(await findAccount(store, account)))
      faults.push(
        `datasets.${name}.account: must be an account that exists; create it with "${formatCommand('account create', [account], place)}" (given: "${account}")`,
      )
    try {
      const file = await inspectFile(dataset.path)
      datasets.push({ ...file, id: id.toLowerCase(), name, account, isPublic })
    } catch (error) {
      const code: unknown = typeof error === 'object' && error ? Reflect.get(error, 'code') : ''
      if (!(error instanceof TypeError) && !/^E[A-Z]+$/.test(String(code))) throw error
      const why = error instanceof Error ? error.message : String(error)
      faults.push(
        `datasets.${name}.path: must be a readable file: ${why} (given: "${dataset.path}")`,
      )
    }
  }
  const ids = datasets.map(({ id }) => id)
  for (const { id, name } of datasets)
    if (ids.indexOf(id) !== ids.lastIndexOf(id))
      faults.push(`datasets.${name}.id: must be unique among the datasets (given: "${id}")`)
  if (faults.length > 0) throw new ConfigError(faults)
  return datasets
}

/**
 * Adds the configured datasets to the catalogue and removes those of an earlier configuration.
 * Datasets that `dataset add` added stay.
 *
 * @throws {@link ConfigError} naming every dataset whose name is taken; then nothing was changed.
 */
export async function enterDatasets(
  store: Store,
  datasets: readonly LoadedDataset[],
  { place, now }: { readonly place: StorePlace; readonly now: number },
): Promise<void> {
  const taken = await replaceConfiguredDatasets(store, datasets, now)
  if (taken.length > 0)
    throw new ConfigError(
      taken.map(
        (name) =>
          `datasets.${name}: must not have the name of a dataset that "tilepass dataset add" added; rename it, or remove the other with "${formatCommand('dataset remove', [name], place)}" (given: "${name}")`,
      ),
    )
}
