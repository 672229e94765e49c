import type { DownloadTokens } from '../../issuer/download-tokens.ts'
import { findActiveAccount } from '../../store/accounts.ts'
import { type Dataset, findDataset } from '../../store/datasets.ts'
import type { Store } from '../../store/open.ts'
import type { Caller } from './callers.ts'
import { DatasetNotFoundError, NotAuthenticatedError } from './errors.ts'

/** May this account, or nobody in particular, read the dataset? */
export function mayRead(dataset: Dataset, account: string | undefined): boolean {
  return dataset.is_public === 1 || (account !== undefined && dataset.account === account)
}

/** What a download is decided on. */
export interface DownloadRequest {
  readonly id: string
  readonly caller: Caller | undefined
  /** Of `?token=`. It counts only where the header names nobody. */
  readonly token: string | undefined
}

/**
 * Finds the dataset that a request may download. Without a right to it, an absent dataset and a
 * foreign one are alike.
 *
 * @throws {@link NotAuthenticatedError}, {@link DatasetNotFoundError}
 */
export async function findReadable(
  store: Store,
  downloadTokens: DownloadTokens,
  { id, caller, token }: DownloadRequest,
): Promise<Dataset> {
  if (!caller && token !== undefined) return findByToken(store, downloadTokens, id, token)
  const dataset = await findDataset(store, id)
  if (dataset && mayRead(dataset, caller?.account)) return dataset
  throw caller ? new DatasetNotFoundError() : new NotAuthenticatedError('Authentication required')
}

async function findByToken(
  store: Store,
  downloadTokens: DownloadTokens,
  id: string,
  token: string,
): Promise<Dataset> {
  const ticket = await downloadTokens.findTicket(token)
  if (ticket === undefined) throw new NotAuthenticatedError('Invalid or expired download token')
  if (ticket === 'another kind of token')
    throw new NotAuthenticatedError(
      "Query-param ?token= requires a download-scoped JWT (typ='download'); use Authorization header for session tokens",
    )
  if (ticket.dataset !== id)
    throw new NotAuthenticatedError('Download token scope does not match this dataset')
  if (ticket.account !== undefined && !(await findActiveAccount(store, ticket.account)))
    throw new NotAuthenticatedError('Invalid or expired download token')
  const dataset = await findDataset(store, id)
  // The dataset may have been taken from the account since the token was made.
  if (!dataset || !mayRead(dataset, ticket.account)) throw new DatasetNotFoundError()
  return dataset
}
