import type { Request, Response } from 'express'
import { COOKIE_OPTIONS, findCookie } from './cookies.ts'

const NAME = '__Host-tilepass-refresh'

/**
 * Does the client keep its refresh token in the cookie? It says so with `X-Tilepass-Refresh: cookie`,
 * a header that no form and no page of another origin can send. Without the header a cookie is
 * ignored.
 */
export function usesRefreshCookie(request: Request): boolean {
  return request.headers['x-tilepass-refresh'] === 'cookie'
}

/** The refresh token in the cookie, if the request has exactly one and says that it uses it. */
export function findRefreshCookie(request: Request): string | undefined {
  if (!usesRefreshCookie(request)) return
  return findCookie(request, NAME)
}

/** Sets the cookie until the last refresh token of the session expires; times in epoch ms. */
export function setRefreshCookie(
  response: Response,
  refreshToken: string,
  expiresAt: number,
  now: number,
): void {
  response.cookie(NAME, refreshToken, { ...COOKIE_OPTIONS, maxAge: Math.max(0, expiresAt - now) })
}

/** Deletes the cookie. */
export function clearRefreshCookie(response: Response): void {
  response.clearCookie(NAME, COOKIE_OPTIONS)
}
