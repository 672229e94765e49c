import { toUtcDay } from '@tilepass/guard/broker'
import { InvalidRequestError, NotFoundError, UnavailableError } from '../errors.ts'
import { type ApiTokenRequest, mintApiToken, type NewApiToken } from '../issuer/api-tokens.ts'
import { raiseEpoch } from '../issuer/epochs.ts'
import { createDefaultRow } from '../issuer/mapbox/rows.ts'
import { lockAccount } from '../store/accounts.ts'
import {
  type ApiToken,
  addApiToken,
  findApiToken,
  listApiTokens,
  revokeApiToken,
} from '../store/api-tokens.ts'
import { addDefaultToken } from '../store/mapbox-tokens.ts'
import type { Connection } from '../store/open.ts'
import { noteApiToken } from '../store/signing-keys.ts'
import { summarizeUsage } from '../store/usage.ts'
import { getActiveAccount } from './active-account.ts'
import { judgeRequest } from './judge-request.ts'
import { auditedBy, type Operator, revokedBy } from './operator.ts'
import { type Page, readPage } from './page.ts'

/** A token of the registry, and how often it was used. */
export interface UsedToken extends ApiToken {
  readonly usedToday: number
  readonly usedTotal: number
}

/** Which page of the tokens to read. */
export interface TokenPageQuery {
  readonly limit: number
  /** Only tokens that are older than the one with this id. */
  readonly before?: string | undefined
}

/** What operators do with API tokens. */
export interface TokenAdministration {
  /**
   * The newest first.
   *
   * @throws {@link InvalidRequestError} unless `before` is the id of a token.
   */
  listTokens(query: TokenPageQuery): Promise<Page<UsedToken>>
  /**
   * @throws `NoSuchAccountError`, `DisabledAccountError`, `InvalidScopeError` for a scope or tiles that
   *   the actor may not give, `InvalidRequestError` for a lifetime that is longer than that of the actor.
   */
  createToken(request: ApiTokenRequest): Promise<NewApiToken>
  /**
   * Revokes a token and the tokens exchanged for it; a default Mapbox token is replaced.
   *
   * @throws {@link NotFoundError}
   */
  revokeToken(id: string): Promise<void>
  /** Ends the tokens exchanged for a token so far; the token stays. @throws {@link NotFoundError} */
  expireToken(id: string): Promise<void>
}

/** Creates the part of an administration that is about API tokens. */
export function createTokenAdministration(operator: Operator): TokenAdministration {
  const { store, rights, getMint, now } = operator
  return {
    listTokens: async ({ before, limit }) => {
      const after = before === undefined ? undefined : await findApiToken(store, before)
      if (before !== undefined && !after)
        throw new InvalidRequestError('"before" must be the id of a token')
      return readPage(limit, async (count) => {
        const tokens = await listApiTokens(store, { after, limit: count })
        const ids = tokens.map(({ id }) => id)
        const usage = await summarizeUsage(store, ids, toUtcDay(now()))
        return tokens.map((token) => {
          const { today = 0, total = 0 } = usage.get(token.id) ?? {}
          return { ...token, usedToday: today, usedTotal: total }
        })
      })
    },

    createToken: async ({ account: name, ...request }) => {
      const at = now()
      const granted = judgeRequest(request, rights, Math.floor(at / 1000))
      const account = await getActiveAccount(store, name)
      const { created, row, keyId } = await mintApiToken(
        await getMint(),
        account,
        granted,
        request,
        at,
      )
      const add = async (change: Connection) => {
        await getActiveAccount(change, name, lockAccount)
        await addApiToken(change, row)
        // The key may have been revoked since.
        if (!(await noteApiToken(change, keyId, created.expiresAt))) throw new UnavailableError()
      }
      await auditedBy(operator, 'token.create', row.id, add, `account ${name}`)
      return created
    },

    revokeToken: (id) =>
      revokedBy(operator, 'token.revoke', id, async (change) => {
        const token = await findApiToken(change, id)
        if (!token || !(await revokeApiToken(change, id, now()))) throw createNotFound()
        if (token.is_default !== 1 || token.revoked_at !== null) return
        const successor = await addDefaultToken(change, createDefaultRow(token.account, now()))
        if (successor) await change.audit({ action: 'token.create', target: successor })
      }),

    expireToken: (id) =>
      revokedBy(operator, 'token.expire', id, async (change) => {
        if (!(await findApiToken(change, id))) throw createNotFound()
        await raiseEpoch(change, id, now())
      }),
  }
}

function createNotFound(): NotFoundError {
  return new NotFoundError('There is no such token')
}
