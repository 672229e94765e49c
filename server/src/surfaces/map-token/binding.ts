import { randomBytes } from 'node:crypto'
import {
  BINDING_COOKIE,
  type Confirmation,
  confirmBy,
  findCookies,
  TOKEN_COOKIE,
} from '@tilepass/guard'
import type { CookieOptions, Request, Response } from 'express'
import { InvalidRequestError } from '../../errors.ts'
import type { NamedGrant } from '../../grants/grants.ts'
import type { MintedToken } from '../../issuer/mint.ts'

/** What the prefix `__Host-` stands for, and more. */
const COOKIE: CookieOptions = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' }
const SECRET = /^[\w-]{43}$/

/**
 * Gives the browser the secret that its tokens are bound to, unless it has one already.
 *
 * @returns What the token must say; `undefined` for a grant without binding.
 * @throws `InvalidRequestError` without a JSON body, which pages of other sites cannot send unasked.
 */
export function bindToBrowser(
  request: Request,
  response: Response,
  { binding }: NamedGrant,
): Confirmation | undefined {
  if (binding === 'none') return
  if (request.headers['content-type'] === undefined)
    throw new InvalidRequestError(
      'A grant that is bound to a cookie must be named in a JSON body: {"grant": "name"}',
    )
  const known = findCookies([request.headers.cookie ?? ''], BINDING_COOKIE)[0]
  if (known !== undefined && SECRET.test(known)) return confirmBy(known)
  const secret = randomBytes(32).toString('base64url')
  response.cookie(BINDING_COOKIE, secret, COOKIE)
  return confirmBy(secret)
}

/** Puts the token into its cookie, until it ends. @param now Epoch ms. */
export function sendTokenCookie(response: Response, access: MintedToken, now: number): void {
  response.cookie(TOKEN_COOKIE, access.token, { ...COOKIE, maxAge: access.exp * 1000 - now })
}
