import { toAddressKey } from '../http/address-key.ts'
import type { Sender } from '../http/sender.ts'
import type { RateLimit } from '../limits/rate-limit.ts'
import { audited } from '../store/audit.ts'
import type { Store } from '../store/open.ts'
import type { Refusals } from '../store/refusals.ts'
import { findSignInTarget, type SignIn, setPassword } from '../store/sign-ins.ts'
import type { DeviceCookies } from './device-cookies.ts'
import { InvalidCredentialsError } from './errors.ts'
import type { Passwords } from './passwords.ts'

/** An attempt to sign in. */
export interface Attempt {
  readonly username: string
  readonly password: string
  readonly sender: Sender
  /** The proof of {@link DeviceCookies} that the browser sent. */
  readonly device?: string | undefined
}

/** Checks and changes passwords, within limits. */
export interface PasswordSignIn {
  /**
   * Resolves to the account that the password belongs to. Neither the answer nor its time tells an
   * unknown user from a wrong password.
   *
   * Only failures count towards the limit of an account. Past it no password is compared, not even the
   * right one: the answer would tell a guesser that it was right. A browser with a proof for the
   * account has a limit of its own instead.
   *
   * @throws {@link InvalidCredentialsError}, `TooManyRequestsError`, `UnavailableError`
   */
  check(attempt: Attempt): Promise<SignIn>
  /**
   * Replaces the password that was checked, and ends every session that it opened.
   *
   * @throws {@link InvalidCredentialsError} if the password has changed since.
   */
  changePassword(signIn: SignIn, password: string, sender: Sender): Promise<void>
}

/** What {@link createPasswordSignIn} needs. */
export interface PasswordSignInParts {
  readonly store: Store
  readonly passwords: Passwords
  readonly devices: Pick<DeviceCookies, 'findDevice'>
  readonly refusals: Pick<Refusals, 'record'>
  /** By account, or by the name that no account has. */
  readonly accountLimit: RateLimit
  /** By browser that has signed in before. */
  readonly deviceLimit: RateLimit
  readonly addressLimit: RateLimit
  /** Epoch ms. */
  readonly now: () => number
}

/** Longest spelling that attempts are counted under: an email address. */
const MAX_USERNAME = 320

/** Creates the sign-in with a password. */
export function createPasswordSignIn(parts: PasswordSignInParts): PasswordSignIn {
  const { store, passwords, devices, refusals, accountLimit, deviceLimit, addressLimit, now } =
    parts

  return {
    check: async ({ username, password, sender, device }) => {
      const address = toAddressKey(sender.address || undefined)
      await addressLimit.consume(address)
      const target = await findSignInTarget(store, username, toSpelling(username))
      const { account, key, signIn } = target
      // Looked at for names that no account has as well: its time would tell them apart.
      const known =
        device === undefined ? undefined : await devices.findDevice(device, account ?? key)
      const browser = account === undefined ? undefined : known
      const takeBack =
        browser === undefined ? await accountLimit.reserve(key) : await deviceLimit.reserve(browser)
      let matches: boolean
      try {
        matches = await passwords.verify(signIn?.passwordHash, password)
      } catch (error) {
        // The password was not compared.
        await takeBack()
        throw error
      }
      if (signIn && matches) {
        await takeBack()
        return signIn
      }
      refusals.record({
        at: now(),
        actor: 'anonymous',
        action: 'session.fail',
        // Never the name of a user that does not exist: it may be a password in the wrong field.
        target: account ?? '',
        detail: account === undefined ? 'unknown user' : 'wrong password',
        sender: { ...sender, address },
      })
      throw new InvalidCredentialsError()
    },

    changePassword: async ({ account, passwordHash }, password, sender) => {
      const next = await passwords.hash(password)
      const [actor, action] = [`usr_${account}`, 'account.set-password']
      const entry = { at: now(), actor, sender, action, target: account }
      await audited(store, entry, async (change) => {
        if (!(await setPassword(change, account, next, now(), passwordHash)))
          throw new InvalidCredentialsError()
      })
    },
  }
}

// Spellings that look like the same name share a limit, so that no spelling evades it.
function toSpelling(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase().slice(0, MAX_USERNAME)
}
