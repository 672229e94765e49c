import { isReadable } from '../datasets/access.ts'
import { findActiveAccount } from '../store/accounts.ts'
import { type Dataset, findDataset } from '../store/datasets.ts'
import type { Store } from '../store/open.ts'
import type { DownloadMaker, DownloadTokens, NewDownloadToken } from './download-tokens.ts'

/** Who wants to download which dataset. */
export interface DownloadRequest {
  /** Id of the dataset, in lower case. */
  readonly id: string
  /** Name of the authenticated account; absent for an anonymous client. */
  readonly account: string | undefined
  /** A download token. It counts only without an account. */
  readonly token: string | undefined
}

/** A client that is authenticated. */
export interface DownloadCaller extends DownloadMaker {
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
   * @param caller The authenticated client; absent for an anonymous one.
   * @returns `undefined` if there is no such dataset, or none that the client may read.
   */
  mint(
    id: string,
    caller: DownloadCaller | undefined,
  ): Promise<NewDownloadToken | 'maker has ended' | undefined>
  decide(request: DownloadRequest): Promise<DownloadDecision>
}

/** Creates the rules over the catalogue. */
export function createDownloadAccess(store: Store, tokens: DownloadTokens): DownloadAccess {
  const findReadable = async (id: string, account: string | undefined) => {
    const dataset = await findDataset(store, id)
    if (!dataset || !isReadable(dataset, account)) return
    // Nothing of a disabled account is open, not even what it had made public.
    return (await findActiveAccount(store, dataset.account)) ? dataset : undefined
  }

  const decideByToken = async (id: string, token: string): Promise<DownloadDecision> => {
    const ticket = await tokens.findTicket(token)
    if (ticket === undefined) return refuse('invalid token')
    if (ticket === 'another kind of token') return refuse(ticket)
    if (ticket.dataset !== id) return refuse('token for another dataset')
    const { maker } = ticket
    const account = maker && (await findActiveAccount(store, maker.account))
    if (maker && account?.orgId !== maker.orgId) return refuse('invalid token')
    // The account may have lost the dataset since the token was minted.
    const dataset = await findReadable(id, maker?.account)
    return dataset ? { dataset } : refuse('no dataset')
  }

  return {
    mint: async (id, caller) => {
      const dataset = await findReadable(id, caller?.account)
      if (!dataset) return
      const created = await tokens.create({ dataset: id, maker: caller }, caller?.exp)
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
