import { BrokerError, InvalidRequestError } from '../errors.ts'

/** 404: not one of the grant's datasets; whether there is one elsewhere stays here. */
export class UnknownDatasetError extends BrokerError {
  constructor() {
    super(404, 'unknown_dataset', 'This grant has no such dataset')
  }
}

/**
 * The dataset that a page gets a token for; `undefined` for a grant without any.
 *
 * @param name What the page names. It may leave it out where there is but one.
 * @throws {@link UnknownDatasetError}; `InvalidRequestError` if it names none of several.
 */
export function findAskedDataset(
  { datasets }: { readonly datasets?: readonly string[] | undefined },
  name: string | undefined,
): string | undefined {
  if (!datasets) return
  if (name === undefined && datasets.length > 1)
    throw new InvalidRequestError('"dataset" must name one of the grant\'s datasets')
  const wanted = name?.toLowerCase() ?? datasets[0]
  if (wanted === undefined || !datasets.includes(wanted)) throw new UnknownDatasetError()
  return wanted
}
