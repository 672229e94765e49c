import { isReadable } from '../datasets/access.ts'
import { findActiveAccount } from '../store/accounts.ts'
import { type Dataset, findDataset } from '../store/datasets.ts'
import type { Store } from '../store/open.ts'
import type { DownloadTokens, NewDownloadToken } from './download-tokens.ts'

/** Who wants to download which dataset. */
export interface DownloadRequest {
  /** Id of the dataset, in lower case. */
  readonly id: string
  /** Name of the authenticated account; absent for an anonymous client. */
  readonly account: string | undefined
  /** A download token. It counts only without an account. */
  readonly token: string | undefined
}

/** Who makes a download token. */
export interface DownloadMaker {
  /** Name of the account. */
  readonly account: string
  /** When its credential ends, in seconds since 1970. */
  readonly exp: number
}

/**
 * Why a download is refused. `'no dataset'` stands for an absent dataset and for one that the client
 * may not read, so that the two cannot be told apart.
 */
export type DownloadRefusal =
  | 'no account'
  | 'no dataset'
  | 'invalid token'
  | 'another kind of token'
  | 'token for another dataset'

/** The decision about a download. */
export type DownloadDecision =
  | { readonly dataset: Dataset }
  | { readonly dataset: undefined; readonly refusal: DownloadRefusal }

/** Decides who may download datasets. */
export interface DownloadAccess {
  /**
   * Mints a download token, which ends no later than the credential that asks for it.
   *
   * @param maker The authenticated client; absent for an anonymous one.
   * @returns `undefined` if there is no such dataset, or none that the client may read.
   */
  mint(
    id: string,
    maker: DownloadMaker | undefined,
  ): Promise<NewDownloadToken | 'maker has ended' | undefined>
  decide(request: DownloadRequest): Promise<DownloadDecision>
}

/** Creates the rules over the catalogue. */
export function createDownloadAccess(store: Store, tokens: DownloadTokens): DownloadAccess {
  const findReadable = async (id: string, account: string | undefined) => {
    const dataset = await findDataset(store, id)
    return dataset && isReadable(dataset, account) ? dataset : undefined
  }

  const decideByToken = async (id: string, token: string): Promise<DownloadDecision> => {
    const ticket = await tokens.findTicket(token)
    if (ticket === undefined) return refuse('invalid token')
    if (ticket === 'another kind of token') return refuse(ticket)
    if (ticket.dataset !== id) return refuse('token for another dataset')
    if (ticket.account !== undefined && !(await findActiveAccount(store, ticket.account)))
      return refuse('invalid token')
    // The account may have lost the dataset since the token was minted.
    const dataset = await findReadable(id, ticket.account)
    return dataset ? { dataset } : refuse('no dataset')
  }

  return {
    mint: async (id, maker) => {
      const dataset = await findReadable(id, maker?.account)
      if (!dataset) return
      const created = await tokens.create({ dataset: id, account: maker?.account }, maker?.exp)
      return created ?? 'maker has ended'
    },

    decide: async ({ id, account, token }) => {
      if (account === undefined && token !== undefined) return decideByToken(id, token)
      const dataset = await findReadable(id, account)
      if (dataset) return { dataset }
      return refuse(account === undefined ? 'no account' : 'no dataset')
    },
  }
}

function refuse(refusal: DownloadRefusal): DownloadDecision {
  return { dataset: undefined, refusal }
}
