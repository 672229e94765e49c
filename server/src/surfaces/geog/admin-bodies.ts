import type { TileClaims } from '@tilepass/guard'
import { checkTileClaims, parseTileClaims } from '@tilepass/guard/broker'
import { isAccountName, isEmail, MAX_NOTE_LENGTH } from '../../admin/rules.ts'
import { InvalidRequestError } from '../../errors.ts'
import { findText, type JsonBody } from '../../http/json-body.ts'
import type { ApiTokenRequest } from '../../issuer/api-tokens.ts'
import { MAX_API_SECONDS } from '../../issuer/kinds.ts'
import { findScopes } from '../../issuer/scopes.ts'
import { hashPassword, isPassword } from '../../sessions/passwords.ts'
import type { AccountDetails } from '../../store/accounts.ts'

/** Reads the details of a new account and hashes its password. @throws {@link InvalidRequestError} */
export async function parseAccountBody(body: JsonBody): Promise<AccountDetails & { name: string }> {
  const name = findText(body, 'name')
  const email = findText(body, 'email')
  const password = findText(body, 'password')
  if (name === undefined || !isAccountName(name))
    throw new InvalidRequestError('"name" must be 1 to 64 letters, digits, "-", "_" or "."')
  if (email !== undefined && !isEmail(email))
    throw new InvalidRequestError('"email" must be an e-mail address')
  if (password === undefined) return { name, email }
  if (!isPassword(password))
    throw new InvalidRequestError('"password" must be 1 to 1024 bytes of text without NUL')
  return { name, email, passwordHash: await hashPassword(password) }
}

/** Reads the details of a new API token. @throws {@link InvalidRequestError} */
export function parseTokenBody(body: JsonBody): ApiTokenRequest {
  const account = findText(body, 'account')
  if (!account) throw new InvalidRequestError('"account" must name an account')
  const scopes = findScopes(findText(body, 'scope') ?? '')
  if (!scopes)
    throw new InvalidRequestError('"scope" must be a list of scopes separated by single spaces')
  const note = findText(body, 'note') ?? ''
  if (note.length > MAX_NOTE_LENGTH || note.includes('\0'))
    throw new InvalidRequestError(
      `"note" must be at most ${MAX_NOTE_LENGTH} characters without NUL`,
    )
  const isReadOnly = Object.hasOwn(body, 'read_only') ? body.read_only : false
  if (typeof isReadOnly !== 'boolean')
    throw new InvalidRequestError('"read_only" must be true or false')
  return {
    account,
    scopes,
    note,
    expiresInSeconds: parseLifetime(body),
    isReadOnly,
    tiles: parseTilesMember(body),
  }
}

function parseLifetime(body: JsonBody): number | undefined {
  if (!Object.hasOwn(body, 'expires_in')) return
  const { expires_in: seconds } = body
  if (typeof seconds === 'number' && Number.isInteger(seconds))
    if (seconds >= 1 && seconds <= MAX_API_SECONDS) return seconds
  throw new InvalidRequestError(
    `"expires_in" must be a whole number of seconds from 1 to ${MAX_API_SECONDS}`,
  )
}

function parseTilesMember(body: JsonBody): TileClaims | undefined {
  if (!Object.hasOwn(body, 'tiles')) return
  const [fault] = checkTileClaims(body.tiles)
  if (!fault) return parseTileClaims(body.tiles)
  const field = fault.member ? `tiles.${fault.member}` : 'tiles'
  throw new InvalidRequestError(`"${field}" ${fault.rule}`)
}
