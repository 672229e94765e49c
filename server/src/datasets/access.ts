import type { Dataset } from '../store/datasets.ts'

/** May this account read the dataset? Without an account: may an anonymous client? */
export function isReadable(dataset: Dataset, account: string | undefined): boolean {
  return dataset.is_public === 1 || (account !== undefined && dataset.account === account)
}
