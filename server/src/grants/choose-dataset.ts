import { InvalidRequestError } from '../errors.ts'
import { UnknownDatasetError } from './errors.ts'
import type { RelayedGrant } from './relayed-grant.ts'

/**
 * The dataset for which a page gets a token; `undefined` for a grant without datasets.
 *
 * @param wanted What the page names; it may leave it out if the grant has only one.
 * @throws {@link UnknownDatasetError}; `InvalidRequestError` for anything but a string, and if a choice
 *   is missing.
 */
export function chooseDataset(
  { datasets }: Pick<RelayedGrant, 'datasets'>,
  wanted: unknown,
): string | undefined {
  if (wanted !== undefined && typeof wanted !== 'string')
    throw new InvalidRequestError('"dataset" must be a string')
  if (!datasets) return
  if (wanted === undefined && datasets.length > 1)
    throw new InvalidRequestError('"dataset" must name one of the grant\'s datasets')
  const dataset = wanted?.toLowerCase() ?? datasets[0]
  if (dataset === undefined || !datasets.includes(dataset)) throw new UnknownDatasetError()
  return dataset
}
