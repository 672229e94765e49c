import { hash } from '@node-rs/argon2'
import { CommandError } from './output.ts'

/** OWASP's minimum for argon2id, the library's default algorithm: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const MAX_BYTES = 1024

/**
 * Hashes a password as it came from standard input: one line break at its end is not part of it.
 *
 * @throws {@link CommandError} for an empty, overlong or NUL-carrying one.
 */
export async function hashPassword(input: string): Promise<string> {
  const password = input.replace(/\r?\n$/, '')
  if (password === '') throw new CommandError('The password on standard input is empty.', 2)
  if (password.includes('\0') || Buffer.byteLength(password) > MAX_BYTES)
    throw new CommandError(
      `The password must not contain NUL or be longer than ${MAX_BYTES} bytes.`,
      2,
    )
  return hash(password, COST)
}
