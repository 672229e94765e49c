import { readCookies } from '@tilepass/guard/broker'
import type { Request } from 'express'

/** What the prefix `__Host-` of a name requires, so that browsers bind the cookie to this host, and more. */
export const COOKIE_OPTIONS = {
  path: '/',
  secure: true,
  httpOnly: true,
  sameSite: 'strict',
} as const

/** The value of a cookie, if the request has exactly one of this name. */
export function findCookie(request: Request, name: string): string | undefined {
  const values = readCookies([request.headers.cookie ?? ''], name)
  return values.length === 1 ? values[0] : undefined
}
