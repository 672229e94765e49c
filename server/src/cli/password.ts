import { hashPassword, isPassword } from '../sessions/passwords.ts'
import { CommandError } from './output.ts'

/**
 * Hashes a password as it came from standard input: one line break at its end is not part of it.
 *
 * @throws {@link CommandError} for an empty, overlong or NUL-carrying one.
 */
export async function readPasswordHash(input: string): Promise<string> {
  const password = input.replace(/\r?\n$/, '')
  if (password === '') throw new CommandError('The password on standard input is empty.', 2)
  if (!isPassword(password))
    throw new CommandError('The password must not contain NUL or be longer than 1024 bytes.', 2)
  return hashPassword(password)
}
