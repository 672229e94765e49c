import { raiseEpoch } from '../issuer/epochs.ts'
import {
  type Account,
  type AccountDetails,
  type AccountQuery,
  createAccount,
  deleteAccount,
  disableAccount,
  enableAccount,
  findAccount,
  listAccounts,
  NAME_KEPT,
} from '../store/accounts.ts'
import { endFamilies } from '../store/login-families.ts'
import { setPassword } from '../store/sign-ins.ts'
import { ConflictError, NoSuchAccountError } from './errors.ts'
import { auditedBy, type Operator, revokedBy } from './operator.ts'
import { type Page, readPage } from './page.ts'

/** Which page of the accounts to read. */
export type AccountPageQuery = Pick<AccountQuery, 'after'> & { readonly limit: number }

/** What operators do with accounts. */
export interface AccountAdministration {
  /** By name. */
  listAccounts(query: AccountPageQuery): Promise<Page<Account>>
  /** @throws {@link ConflictError} if the name is taken. */
  createAccount(name: string, details: AccountDetails): Promise<Account>
  /** Changes the password and ends every session. @throws {@link NoSuchAccountError} */
  setPassword(name: string, passwordHash: string): Promise<void>
  /** Disables an account, with all of its tokens. @throws {@link NoSuchAccountError} */
  disableAccount(name: string): Promise<void>
  /**
   * Enables a disabled account; no token of it is valid again.
   *
   * @throws {@link NoSuchAccountError}, {@link ConflictError} unless it is disabled.
   */
  enableAccount(name: string): Promise<void>
  /**
   * Deletes an account and all of its tokens.
   *
   * @returns When its name is free again, in epoch ms.
   * @throws {@link NoSuchAccountError}, {@link ConflictError} while it owns datasets.
   */
  deleteAccount(name: string): Promise<number>
  /** Ends the access tokens and sessions issued so far; API tokens stay. @throws {@link NoSuchAccountError} */
  expireAccount(name: string): Promise<void>
}

/** Creates the part of an administration that is about accounts. */
export function createAccountAdministration(operator: Operator): AccountAdministration {
  const { store, now } = operator
  return {
    listAccounts: ({ after, limit }) =>
      readPage(limit, (count) => listAccounts(store, { after, limit: count })),
    createAccount: (name, details) =>
      auditedBy(operator, 'account.create', name, async (change) => {
        const account = await createAccount(change, name, now(), details)
        if (!account) throw new ConflictError('The name is taken')
        return account
      }),
    setPassword: (name, passwordHash) =>
      auditedBy(operator, 'account.set-password', name, async (change) => {
        if (!(await setPassword(change, name, passwordHash, now()))) throw new NoSuchAccountError()
      }),
    disableAccount: (name) =>
      revokedBy(operator, 'account.disable', name, async (change) => {
        if (!(await disableAccount(change, name, now()))) throw new NoSuchAccountError()
      }),
    enableAccount: (name) =>
      revokedBy(operator, 'account.enable', name, async (change) => {
        const outcome = await enableAccount(change, name, now())
        if (outcome === 'absent') throw new NoSuchAccountError()
        if (outcome === 'not disabled') throw new ConflictError('The account is not disabled')
      }),
    deleteAccount: (name) =>
      revokedBy(operator, 'account.delete', name, async (change) => {
        const at = now()
        const outcome = await deleteAccount(change, name, at)
        if (outcome === 'absent') throw new NoSuchAccountError()
        if (outcome === 'has datasets') throw new ConflictError('The account owns datasets')
        return at + NAME_KEPT
      }),
    expireAccount: (name) =>
      revokedBy(operator, 'account.expire', name, async (change) => {
        const account = await findAccount(change, name)
        if (!account) throw new NoSuchAccountError()
        await endFamilies(change, name, 'account.expire', now())
        await raiseEpoch(change, account.orgId, now())
      }),
  }
}
