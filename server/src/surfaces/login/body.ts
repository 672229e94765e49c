import { InvalidRequestError } from '../../errors.ts'
import { isPassword } from '../../sessions/passwords.ts'

type Body = Readonly<Record<string, unknown>>

/** Reads a member that must be a string. @throws {@link InvalidRequestError} */
export function readText(body: Body, name: string): string {
  const value = findText(body, name)
  if (value === undefined) throw new InvalidRequestError(`"${name}" must be a string`)
  return value
}

/** Reads an optional member that must be a string. @throws {@link InvalidRequestError} */
export function findText(body: Body, name: string): string | undefined {
  if (!Object.hasOwn(body, name)) return
  const value = body[name]
  if (typeof value !== 'string') throw new InvalidRequestError(`"${name}" must be a string`)
  return value
}

/** Reads a password, unchanged. @throws {@link InvalidRequestError} if no password can be so. */
export function readPassword(body: Body, name: string): string {
  const value = readText(body, name)
  if (!isPassword(value))
    throw new InvalidRequestError(`"${name}" must be 1 to 1024 bytes of text without NUL`)
  return value
}
