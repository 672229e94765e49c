import { toAddressKey } from '../http/address-key.ts'
import type { RateLimit } from '../limits/rate-limit.ts'
import { audited } from '../store/audit.ts'
import type { Store } from '../store/open.ts'
import { findSignIn, type SignIn, setPassword } from '../store/sign-ins.ts'
import { InvalidCredentialsError } from './errors.ts'
import type { Passwords } from './passwords.ts'

/** An attempt to sign in. */
export interface Attempt {
  readonly username: string
  readonly password: string
  /** Network address of the client. */
  readonly address: string | undefined
}

/** Checks and changes passwords, within limits. */
export interface PasswordSignIn {
  /**
   * Resolves to the account that the password belongs to. Neither the answer nor its time tells an
   * unknown user from a wrong password.
   *
   * @throws {@link InvalidCredentialsError}, `TooManyRequestsError`, `UnavailableError`
   */
  check(attempt: Attempt): Promise<SignIn>
  /**
   * Replaces the password that was checked, and ends every session that it opened.
   *
   * @throws {@link InvalidCredentialsError} if the password has changed since.
   */
  changePassword(signIn: SignIn, password: string): Promise<void>
}

/** What {@link createPasswordSignIn} needs. */
export interface PasswordSignInParts {
  readonly store: Store
  readonly passwords: Passwords
  readonly accountLimit: RateLimit
  readonly addressLimit: RateLimit
  /** Epoch ms. */
  readonly now: () => number
}

/** Longest user name that is looked up: an email address. */
const MAX_USERNAME = 320

/** Creates the sign-in with a password. */
export function createPasswordSignIn(parts: PasswordSignInParts): PasswordSignIn {
  const { store, passwords, accountLimit, addressLimit, now } = parts
  return {
    check: async ({ username, password, address }) => {
      await addressLimit.consume(toAddressKey(address))
      await accountLimit.consume(toAccountKey(username))
      const isName = username.length <= MAX_USERNAME
      const signIn = isName ? await findSignIn(store, username) : undefined
      const matches = await passwords.verify(signIn?.passwordHash, password)
      if (!signIn || !matches) throw new InvalidCredentialsError()
      return signIn
    },

    changePassword: async ({ account, passwordHash }, password) => {
      const next = await passwords.hash(password)
      const [actor, action] = [`usr_${account}`, 'account.set-password']
      await audited(store, { at: now(), actor, action, target: account }, async (change) => {
        if (!(await setPassword(change, account, next, now(), passwordHash)))
          throw new InvalidCredentialsError()
      })
    },
  }
}

// Spellings that look like the same name share a limit, so that no spelling evades it.
function toAccountKey(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase().slice(0, MAX_USERNAME)
}
