import type { IncomingMessage } from 'node:http'
import { z } from 'zod'

/** Decides whether the request of a page has a session; an error that it throws refuses the request. */
export type SessionHook = (request: IncomingMessage) => boolean | Promise<boolean>

const origin = z.string().refine(isOrigin, {
  error: 'must be an origin such as "https://maps.example" (no path), or "*" for every page',
})

/** Origins whose pages may use a grant. */
export const originsSchema = z
  .array(origin)
  .min(1)
  .optional()
  .describe(
    'Origins whose pages may ask, such as `"https://maps.example"`, or `"*"` for every page. Default: pages of the origin of the broker, and clients that send no `Origin`.',
  )

/**
 * What a page must prove: nothing, a current session (of login) of the grant's organisation, or what a
 * function checks.
 */
export const sessionSchema = z
  .union([z.enum(['none', 'required']), z.custom<SessionHook>(isFunction)], {
    error: 'must be "none", "required" or, in code, a function',
  })
  .default('none')
  .describe(
    'What the page must prove: nothing, or with `"required"` the session of a user who has signed in to the account of the grant. In code also a function that gets the request and returns true or false.',
  )

/** Rule of fields that a shared grant may not use. */
export const NONE_IF_SHARED =
  'must be "none" for a shared grant, because every page gets the same token'

function isOrigin(value: string): boolean {
  return value === '*' || (URL.canParse(value) && new URL(value).origin === value)
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
