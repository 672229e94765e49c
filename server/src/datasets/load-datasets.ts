import { ConfigError } from '../settings/config-error.ts'
import { findAccount } from '../store/accounts.ts'
import { type DatasetDetails, replaceConfiguredDatasets } from '../store/datasets.ts'
import type { Store } from '../store/open.ts'
import { inspectFile } from './inspect-file.ts'

/** A dataset as it is configured. */
export interface DatasetSettings {
  readonly id: string
  readonly path: string
  readonly account: string
  readonly public: boolean
}

/** A configured dataset that can be served. */
export interface LoadedDataset extends DatasetDetails {
  readonly id: string
}

/**
 * Looks at the configured datasets and changes nothing.
 *
 * @throws {@link ConfigError} naming every one that cannot be served.
 */
export async function loadDatasets(
  store: Store,
  settings: Readonly<Record<string, DatasetSettings>>,
): Promise<readonly LoadedDataset[]> {
  const faults: string[] = []
  const datasets: LoadedDataset[] = []
  for (const [name, dataset] of Object.entries(settings)) {
    const { id, account, public: isPublic } = dataset
    if (!(await findAccount(store, account)))
      faults.push(
        `datasets.${name}.account: must be an account that exists; create it with "tilepass account create ${account}" (given: "${account}")`,
      )
    try {
      const file = await inspectFile(dataset.path)
      datasets.push({ ...file, id: id.toLowerCase(), name, account, isPublic })
    } catch (error) {
      const code: unknown = typeof error === 'object' && error ? Reflect.get(error, 'code') : ''
      if (!(error instanceof TypeError) && !/^E[A-Z]+$/.test(String(code))) throw error
      const why = error instanceof Error ? error.message : String(error)
      faults.push(
        `datasets.${name}.path: must be a readable file, ${why} (given: "${dataset.path}")`,
      )
    }
  }
  const ids = datasets.map(({ id }) => id)
  for (const { id, name } of datasets)
    if (ids.indexOf(id) !== ids.lastIndexOf(id))
      faults.push(`datasets.${name}.id: must be one dataset's alone (given: "${id}")`)
  if (faults.length > 0) throw new ConfigError(faults)
  return datasets
}

/**
 * Enters the configured datasets into the catalogue, beside those that `dataset add` entered; those
 * of an earlier configuration leave it.
 *
 * @throws {@link ConfigError} naming every one whose name is taken; then nothing was changed.
 */
export async function enterDatasets(
  store: Store,
  datasets: readonly LoadedDataset[],
  now: number,
): Promise<void> {
  const taken = await replaceConfiguredDatasets(store, datasets, now)
  if (taken.length > 0)
    throw new ConfigError(
      taken.map(
        (name) =>
          `datasets.${name}: must not have the name of one that "tilepass dataset add" added; "tilepass dataset remove ${name}" takes that away (given: "${name}")`,
      ),
    )
}
