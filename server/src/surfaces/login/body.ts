import { InvalidRequestError } from '../../errors.ts'
import { findText, type JsonBody } from '../../http/json-body.ts'
import { isPassword } from '../../sessions/passwords.ts'

/** Reads a member that must be a string. @throws {@link InvalidRequestError} */
export function readText(body: JsonBody, name: string): string {
  const value = findText(body, name)
  if (value === undefined) throw new InvalidRequestError(`"${name}" must be a string`)
  return value
}

/** Reads a password and leaves it unchanged. @throws {@link InvalidRequestError} */
export function readPassword(body: JsonBody, name: string): string {
  const value = readText(body, name)
  if (!isPassword(value))
    throw new InvalidRequestError(`"${name}" must be 1 to 1024 bytes of text without NUL`)
  return value
}
