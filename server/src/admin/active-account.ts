import { type Account, findAccount } from '../store/accounts.ts'
import type { Connection } from '../store/open.ts'
import { DisabledAccountError, NoSuchAccountError } from './errors.ts'

/**
 * The account for which something new is made.
 *
 * @param find In the change that makes it, `lockAccount`: the account may have been disabled since.
 * @throws {@link NoSuchAccountError}, {@link DisabledAccountError}
 */
export async function getActiveAccount(
  connection: Connection,
  name: string,
  find = findAccount,
): Promise<Account> {
  const account = await find(connection, name)
  if (!account) throw new NoSuchAccountError()
  if (account.disabledAt !== undefined) throw new DisabledAccountError(name)
  return account
}
