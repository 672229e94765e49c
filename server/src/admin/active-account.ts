import { type Account, findAccount } from '../store/accounts.ts'
import type { Connection } from '../store/open.ts'
import { DisabledAccountError, NoSuchAccountError } from './errors.ts'

/**
 * The account for which something new is made.
 *
 * @throws {@link NoSuchAccountError}, {@link DisabledAccountError}
 */
export async function getActiveAccount(connection: Connection, name: string): Promise<Account> {
  const account = await findAccount(connection, name)
  if (!account) throw new NoSuchAccountError()
  if (account.disabledAt !== undefined) throw new DisabledAccountError(name)
  return account
}
