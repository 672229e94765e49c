import type { IncomingMessage } from 'node:http'
import { z } from 'zod'

/** Decides whether the request of a page has a session; an error that it throws refuses the request. */
export type SessionHook = (request: IncomingMessage) => boolean | Promise<boolean>

const origin = z.string().refine(isOrigin, {
  error: 'must be an origin such as "https://maps.example" (no path), or "*" for every page',
})

/** Origins whose pages may use a grant; without it only pages of the broker's own host. */
export const originsSchema = z.array(origin).min(1).optional()

/**
 * What a page must prove: nothing, a current session (of login) of the grant's organisation, or what a
 * function checks.
 */
export const sessionSchema = z
  .union([z.enum(['none', 'required']), z.custom<SessionHook>(isFunction)], {
    error: 'must be "none", "required" or, in code, a function',
  })
  .default('none')

/** Rule of fields that a shared grant may not use. */
export const NONE_IF_SHARED =
  'must be "none" for a shared grant, because every page gets the same token'

function isOrigin(value: string): boolean {
  return value === '*' || (URL.canParse(value) && new URL(value).origin === value)
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
