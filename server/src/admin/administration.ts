import type { TileClaims } from '@tilepass/guard'
import { NotFoundError } from '../errors.ts'
import { createApiToken, type NewApiToken } from '../issuer/api-tokens.ts'
import { InvalidScopeError } from '../issuer/errors.ts'
import type { Mint } from '../issuer/mint.ts'
import { isSubset } from '../issuer/scopes.ts'
import { type KeySummary, listSigningKeys, rotateSigningKeys } from '../issuer/signing-keys.ts'
import {
  type Account,
  type AccountDetails,
  createAccount,
  disableAccount,
  findAccount,
  findActiveAccount,
  listAccounts,
} from '../store/accounts.ts'
import { type ApiToken, findApiToken, listApiTokens, revokeApiToken } from '../store/api-tokens.ts'
import {
  type AuditEntry,
  type AuditQuery,
  addAuditEntry,
  listAuditEntries,
} from '../store/audit.ts'
import type { Store } from '../store/open.ts'
import { raiseEpoch } from '../store/revocations.ts'
import { setPassword } from '../store/sign-ins.ts'
import { summarizeUsage } from '../store/usage.ts'
import { toDay } from '../usage/day.ts'
import { ConflictError } from './errors.ts'

/** What a new API token is to be. */
export interface TokenOrder {
  /** Name of the account that owns it. */
  readonly account: string
  readonly scopes: readonly string[]
  /** Seconds. */
  readonly expiresInSeconds: number
  readonly note: string
  readonly isReadOnly?: boolean
  readonly tiles?: TileClaims | undefined
}

/** A token of the registry and how often it was used. */
export interface UsedToken extends ApiToken {
  readonly usedToday: number
  readonly usedTotal: number
}

/** What an operator does to a broker, from the command line or over HTTP; each change is audited. */
export interface Administration {
  listAccounts(): Promise<readonly Account[]>
  /** @throws {@link ConflictError} if the name is taken. */
  createAccount(name: string, details: AccountDetails): Promise<Account>
  /** Whoever is signed in must sign in again. @throws {@link NotFoundError} */
  setPassword(name: string, passwordHash: string): Promise<void>
  /** Ends everything of an account for good. @throws {@link NotFoundError} */
  disableAccount(name: string): Promise<void>
  /** The newest first. */
  listTokens(): Promise<readonly UsedToken[]>
  /**
   * @throws {@link NotFoundError} if there is no such account, {@link ConflictError} if it is
   *   disabled, {@link InvalidScopeError} for a scope that the actor may not give.
   */
  createToken(order: TokenOrder): Promise<NewApiToken>
  /** @throws {@link NotFoundError} */
  revokeToken(id: string): Promise<void>
  /** Ends what was issued for an account so far; API tokens stay good. @throws {@link NotFoundError} */
  expireAccount(name: string): Promise<void>
  /** The same for what was exchanged for an API token. @throws {@link NotFoundError} */
  expireToken(id: string): Promise<void>
  listKeys(): Promise<readonly KeySummary[]>
  /** @throws {@link ConflictError} while there are too many keys. */
  rotateKeys(): Promise<KeySummary>
  listAudit(query: AuditQuery): Promise<readonly AuditEntry[]>
}

/** Who administers, and with what. */
export interface AdministrationOptions {
  readonly store: Store
  /** Id of a token, or `cli`. */
  readonly actor: string
  /** Scopes that the actor may give to new tokens; all of them when absent. */
  readonly permitted?: readonly string[]
  /** Asked for only when a token is made. */
  readonly getMint: () => Promise<Mint>
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * Creates an actor's administration.
 *
 * The audit entry is on disk before the change: an entry without its change can be explained, a
 * change without its entry cannot.
 */
export function createAdministration(options: AdministrationOptions): Administration {
  const { store, actor, permitted, getMint, now } = options
  const note = (action: string, target: string) =>
    addAuditEntry(store, { at: now(), actor, action, target })

  return {
    listAccounts: () => listAccounts(store),
    createAccount: async (name, details) => {
      if (await findAccount(store, name)) throw new ConflictError('The name is taken')
      await note('account.create', name)
      const account = await createAccount(store, name, now(), details)
      if (!account) throw new ConflictError('The name is taken')
      return account
    },
    setPassword: async (name, passwordHash) => {
      if (!(await findAccount(store, name))) throw new NotFoundError('There is no such account')
      await note('account.set-password', name)
      await setPassword(store, name, passwordHash, now())
    },
    disableAccount: async (name) => {
      if (!(await findAccount(store, name))) throw new NotFoundError('There is no such account')
      await note('account.disable', name)
      await disableAccount(store, name, now())
    },

    listTokens: async () => {
      const [tokens, usage] = await Promise.all([
        listApiTokens(store),
        summarizeUsage(store, toDay(now())),
      ])
      return tokens.map((token) => {
        const { today = 0, total = 0 } = usage.get(token.id) ?? {}
        return { ...token, usedToday: today, usedTotal: total }
      })
    },
    createToken: async ({ account: name, ...order }) => {
      if (permitted && !isSubset(order.scopes, permitted)) throw new InvalidScopeError()
      if (!(await findAccount(store, name))) throw new NotFoundError('There is no such account')
      const account = await findActiveAccount(store, name)
      if (!account) throw new ConflictError('The account is disabled')
      await note('token.create', name)
      return createApiToken(store, await getMint(), { account, ...order }, now())
    },
    revokeToken: async (id) => {
      if (!(await findApiToken(store, id))) throw new NotFoundError('There is no such token')
      await note('token.revoke', id)
      await revokeApiToken(store, id, now())
    },

    expireAccount: async (name) => {
      const account = await findAccount(store, name)
      if (!account) throw new NotFoundError('There is no such account')
      await note('account.expire', name)
      await raiseEpoch(store, account.orgId, now())
    },
    expireToken: async (id) => {
      if (!(await findApiToken(store, id))) throw new NotFoundError('There is no such token')
      await note('token.expire', id)
      await raiseEpoch(store, id, now())
    },

    listKeys: () => listSigningKeys(store, now()),
    rotateKeys: async () => {
      await note('key.rotate', '')
      const key = await rotateSigningKeys(store, now())
      if (!key)
        throw new ConflictError(
          'There are too many keys; old ones leave when their last token has ended',
        )
      return key
    },
    listAudit: (query) => listAuditEntries(store, query),
  }
}
