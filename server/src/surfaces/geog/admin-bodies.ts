import { checkTileClaims, parseTileClaims, type TileClaims } from '@tilepass/guard'
import { DEFAULT_API_SECONDS, isAccountName, isEmail, MAX_NOTE_LENGTH } from '../../admin/rules.ts'
import { InvalidRequestError } from '../../errors.ts'
import type { ApiTokenRequest } from '../../issuer/api-tokens.ts'
import { MAX_API_SECONDS } from '../../issuer/kinds.ts'
import { findScopes } from '../../issuer/scopes.ts'
import { hashPassword, isPassword } from '../../sessions/passwords.ts'
import type { AccountDetails } from '../../store/accounts.ts'

type Body = Readonly<Record<string, unknown>>

/** Reads what a new account is to be, its password hashed. @throws {@link InvalidRequestError} */
export async function parseAccountBody(body: Body): Promise<AccountDetails & { name: string }> {
  const name = readText(body, 'name')
  const email = readText(body, 'email')
  const password = readText(body, 'password')
  if (name === undefined || !isAccountName(name))
    throw new InvalidRequestError('"name" must be 1 to 64 letters, digits, "-", "_" or "."')
  if (email !== undefined && !isEmail(email))
    throw new InvalidRequestError('"email" must be an address')
  if (password === undefined) return { name, email }
  if (!isPassword(password))
    throw new InvalidRequestError('"password" must be 1 to 1024 bytes without NUL')
  return { name, email, passwordHash: await hashPassword(password) }
}

/** Reads what a new API token is to be. @throws {@link InvalidRequestError} */
export function parseTokenBody(body: Body): ApiTokenRequest {
  const account = readText(body, 'account')
  if (!account) throw new InvalidRequestError('"account" must name an account')
  const scopes = findScopes(readText(body, 'scope') ?? '')
  if (!scopes) throw new InvalidRequestError('"scope" must be scopes separated by single spaces')
  const note = readText(body, 'note') ?? ''
  if (note.length > MAX_NOTE_LENGTH || note.includes('\0'))
    throw new InvalidRequestError(
      `"note" must not be longer than ${MAX_NOTE_LENGTH} characters, nor have NUL`,
    )
  const seconds = Object.hasOwn(body, 'expires_in') ? body.expires_in : DEFAULT_API_SECONDS
  if (
    typeof seconds !== 'number' ||
    !Number.isInteger(seconds) ||
    seconds < 1 ||
    seconds > MAX_API_SECONDS
  )
    throw new InvalidRequestError(
      `"expires_in" must be a whole number of seconds from 1 to ${MAX_API_SECONDS}`,
    )
  const isReadOnly = Object.hasOwn(body, 'read_only') ? body.read_only : false
  if (typeof isReadOnly !== 'boolean')
    throw new InvalidRequestError('"read_only" must be true or false')
  return {
    account,
    scopes,
    note,
    expiresInSeconds: seconds,
    isReadOnly,
    tiles: parseTilesMember(body),
  }
}

function parseTilesMember(body: Body): TileClaims | undefined {
  if (!Object.hasOwn(body, 'tiles')) return
  const [fault] = checkTileClaims(body.tiles)
  if (!fault) return parseTileClaims(body.tiles)
  const field = fault.member ? `tiles.${fault.member}` : 'tiles'
  throw new InvalidRequestError(`"${field}" ${fault.rule}`)
}

function readText(body: Body, name: string): string | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined
  if (value !== undefined && typeof value !== 'string')
    throw new InvalidRequestError(`"${name}" must be a string`)
  return value
}
