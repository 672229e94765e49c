import { toAddressKey } from '../limits/address-key.ts'
import type { RateLimit } from '../limits/rate-limit.ts'
import { addAuditEntry } from '../store/audit.ts'
import type { Store } from '../store/open.ts'
import { findSignIn, type SignIn, setPassword } from '../store/sign-ins.ts'
import { InvalidCredentialsError } from './errors.ts'
import type { Passwords } from './passwords.ts'

/** Who asks to sign in. */
export interface Attempt {
  readonly username: string
  readonly password: string
  /** Of the client. */
  readonly address: string | undefined
}

/** Checks passwords, within limits. */
export interface SignInDesk {
  /**
   * Resolves to whom the password belongs. An unknown user and a wrong password are told apart
   * neither by the answer nor by its time.
   *
   * @throws {@link InvalidCredentialsError}, `TooManyRequestsError`, `UnavailableError`
   */
  check(attempt: Attempt): Promise<SignIn>
  /** Replaces the password that was checked and ends all that was signed in with it. */
  changePassword(signIn: SignIn, password: string): Promise<void>
}

/** What a desk is made of. */
export interface SignInDeskParts {
  readonly store: Store
  readonly passwords: Passwords
  readonly accountLimit: RateLimit
  readonly addressLimit: RateLimit
  /** Epoch ms. */
  readonly now: () => number
}

/** Longest user name that is looked up: an email address. */
const MAX_USERNAME = 320

/** Creates the desk. */
export function createSignInDesk(parts: SignInDeskParts): SignInDesk {
  const { store, passwords, accountLimit, addressLimit, now } = parts
  return {
    check: async ({ username, password, address }) => {
      addressLimit.consume(toAddressKey(address))
      accountLimit.consume(toAccountKey(username))
      const isName = username.length <= MAX_USERNAME
      const signIn = isName ? await findSignIn(store, username) : undefined
      const matches = await passwords.verify(signIn?.passwordHash, password)
      if (!signIn || !matches) throw new InvalidCredentialsError()
      return signIn
    },

    changePassword: async ({ account, passwordHash }, password) => {
      const next = await passwords.hash(password)
      const entry = { at: now(), actor: `usr_${account}`, action: 'account.set-password' }
      await addAuditEntry(store, { ...entry, target: account })
      if (!(await setPassword(store, account, next, now(), passwordHash)))
        throw new InvalidCredentialsError()
    },
  }
}

// Spellings that a person would take for the same name share a limit, so none of them is a way round.
function toAccountKey(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase().slice(0, MAX_USERNAME)
}
