import type { Request, Response } from 'express'
import { DEVICE_SECONDS } from '../../issuer/kinds.ts'
import { COOKIE_OPTIONS, findCookie } from './cookies.ts'
import { usesRefreshCookie } from './refresh-cookie.ts'

const NAME = '__Host-tilepass-device'

/** The proof that this browser has signed in before; it counts only with the header of the cookies. */
export function findDeviceCookie(request: Request): string | undefined {
  return usesRefreshCookie(request) ? findCookie(request, NAME) : undefined
}

/** Sets the cookie. It stays after a logout: it opens nothing. */
export function setDeviceCookie(response: Response, value: string): void {
  response.cookie(NAME, value, { ...COOKIE_OPTIONS, maxAge: DEVICE_SECONDS * 1000 })
}
