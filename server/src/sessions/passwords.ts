import { hash, verify } from '@node-rs/argon2'
import { UnavailableError } from '../errors.ts'

/** OWASP's minimum for argon2id, the library's default algorithm: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const MAX_BYTES = 1024
/** A hash of no known password, at the same cost: the password of an unknown user is compared with it. */
const UNKNOWN_USER =
  '$argon2id$v=19$m=19456,t=2,p=1$tpSChTm9a0yev33e3xgrHg$IKmY5Ans9PmvK89aN+Et6tZ50PAEgVaGchEFk5xa4TI'
/** Most hashes at once: half of Node's four threads, so that files can still be read. */
const MAX_RUNNING = 2
/** Most hashes that wait: the last one is done within about a second. */
const MAX_WAITING = 24

/** Verifies and hashes passwords, off the event loop and few at a time. */
export interface Passwords {
  /**
   * Is this the password of the hash? Without a hash, the answer is no and takes as long.
   *
   * @throws {@link UnavailableError} if too many wait.
   */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>
  /** @throws {@link UnavailableError} if too many wait. */
  hash(password: string): Promise<string>
}

/** Creates the functions on passwords, with a queue of their own. */
export function createPasswords(): Passwords {
  const waiting: (() => void)[] = []
  let running = 0

  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= MAX_RUNNING) {
      if (waiting.length >= MAX_WAITING) throw new UnavailableError()
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // The next in the queue takes over the slot, so that no newcomer gets it first.
      if (next) next()
      else running--
    }
  }

  return {
    verify: async (passwordHash, password) => {
      const matches = await run(() => verify(passwordHash ?? UNKNOWN_USER, password))
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
 * Can this be a password? Nothing is trimmed or normalised. NUL is refused, because some hash
 * functions stop at it; so are lone surrogates, which all become the same bytes in UTF-8.
 */
export function isPassword(value: string): boolean {
  if (value === '' || value.includes('\0') || /\p{Surrogate}/u.test(value)) return false
  return Buffer.byteLength(value) <= MAX_BYTES
}
