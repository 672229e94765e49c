import { hashPassword, isPassword } from '../sessions/passwords.ts'
import { CommandError } from './output.ts'

/**
 * Hashes a password from standard input. One line break at its end is not part of it.
 *
 * @throws {@link CommandError} if it is empty, too long, or not plain text.
 */
export async function readPasswordHash(input: string): Promise<string> {
  const password = input.replace(/\r?\n$/, '')
  if (password === '')
    throw new CommandError(
      'Expected a password on standard input (given: nothing). Redirect a file to it: --password-stdin < password.txt',
      2,
    )
  if (!isPassword(password))
    throw new CommandError('The password must be 1 to 1024 bytes of text without NUL.', 2)
  return hashPassword(password)
}
