import { hash, verify } from '@node-rs/argon2'
import { UnavailableError } from '../errors.ts'

/** OWASP's minimum for argon2id, the library's default algorithm: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const MAX_BYTES = 1024
/** A hash of no password, at the same cost: what an unknown user's password is compared with. */
const NOBODY =
  '$argon2id$v=19$m=19456,t=2,p=1$tpSChTm9a0yev33e3xgrHg$IKmY5Ans9PmvK89aN+Et6tZ50PAEgVaGchEFk5xa4TI'
/** Hashes at once: half of Node's four threads, so that files are still read. */
const RUNNING = 2
/** Hashes that wait: the last of them is done within about a second. */
const WAITING = 24

/** Compares and hashes passwords, off the event loop and few at a time. */
export interface Passwords {
  /**
   * Is it this hash's password? Without a hash it takes as long, and is not.
   *
   * @throws {@link UnavailableError} when too many wait.
   */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>
  /** @throws {@link UnavailableError} when too many wait. */
  hash(password: string): Promise<string>
}

/** Creates the password side of login, with a queue of its own. */
export function createPasswords(): Passwords {
  const waiting: (() => void)[] = []
  let running = 0

  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= RUNNING) {
      if (waiting.length >= WAITING) throw new UnavailableError()
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // Whoever waits takes over the place, so that nobody slips in between.
      if (next) next()
      else running--
    }
  }

  return {
    verify: async (passwordHash, password) => {
      const matches = await run(() => verify(passwordHash ?? NOBODY, password))
      return matches && passwordHash !== undefined
    },
    hash: (password) => run(() => hashPassword(password)),
  }
}

/** Hashes a password: argon2id in PHC form. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, COST)
}

/**
 * Can this be a password? Nothing is trimmed or normalised. NUL is refused, because hashes differ in
 * where they stop at it, and so are lone surrogates, which all become the same bytes in UTF-8.
 */
export function isPassword(value: string): boolean {
  if (value === '' || value.includes('\0') || /\p{Surrogate}/u.test(value)) return false
  return Buffer.byteLength(value) <= MAX_BYTES
}
