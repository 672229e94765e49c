import { randomBytes } from 'node:crypto'
import { type Confirmation, TOKEN_COOKIE } from '@tilepass/guard'
import { BINDING_COOKIE, confirmBy, readCookies } from '@tilepass/guard/broker'
import type { CookieOptions, Request, Response } from 'express'
import { InvalidRequestError } from '../../errors.ts'
import type { NamedGrant } from '../../grants/grant.ts'
import { hasJsonBody } from '../../http/json-body.ts'
import type { ObtainedToken } from '../../issuer/obtained-token.ts'

/** What the prefix `__Host-` requires, and more. */
const COOKIE: CookieOptions = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' }
const SECRET = /^[\w-]{43}$/

/**
 * Sets the cookie with the secret to which the browser's tokens are bound, unless the browser has one.
 *
 * @returns The claim that binds the token; `undefined` for a grant without binding.
 * @throws `InvalidRequestError` without a JSON body, which a page of another site cannot send without a
 *   preflight request.
 */
export async function bindToBrowser(
  request: Request,
  response: Response,
  { binding }: NamedGrant,
): Promise<Confirmation | undefined> {
  if (binding === 'none') return
  if (!hasJsonBody(request))
    throw new InvalidRequestError(
      'A grant with a binding requires a JSON body that names it: {"grant": "name"}',
    )
  const known = readCookies([request.headers.cookie ?? ''], BINDING_COOKIE)[0]
  if (known !== undefined && SECRET.test(known)) return confirmBy(known)
  const secret = randomBytes(32).toString('base64url')
  response.cookie(BINDING_COOKIE, secret, COOKIE)
  return confirmBy(secret)
}

/** Sets a cookie with the token, which lasts as long as the token. @param now Epoch ms. */
export function sendTokenCookie(
  response: Response,
  { token, expiresAt }: ObtainedToken,
  now: number,
): void {
  response.cookie(TOKEN_COOKIE, token, { ...COOKIE, maxAge: expiresAt - now })
}
