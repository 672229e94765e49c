import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { MAX_ACCESS_SECONDS } from '../issuer/kinds.ts'
import { findJwtScopes, JWT_SCOPES } from '../issuer/scopes.ts'
import { tilesSchema } from '../issuer/tiles.ts'
import { wholeNumber } from '../settings/whole-number.ts'

const origin = z.string().refine(isOrigin, {
  error: 'must be an origin such as "https://maps.example" (no path), or "*" for every page',
})

const scope = z.string().refine((list) => findJwtScopes(list) !== undefined, {
  error: `must be scopes of ${JWT_SCOPES.join(', ')}, separated by single spaces`,
})

/** Decides from a page's request whether it has a session; what it throws refuses the request. */
export type SessionHook = (request: IncomingMessage) => boolean | Promise<boolean>

/** Origins whose pages may ask. */
export const originsSchema = z.array(origin).min(1).optional()

/** The page's proof. */
export const sessionSchema = z
  .union([z.enum(['none', 'required']), z.custom<SessionHook>(isFunction)], {
    error: 'must be "none", "required" or, in code, a function',
  })
  .default('none')

/** What a page may get. Members of later versions are refused, never ignored. */
export const grantSchema = z
  .strictObject({
    /** Name of the account that owns the tokens. */
    account: z.string().min(1),
    /** Space-separated scopes. */
    scope,
    /** Lifetime of a token, in seconds. */
    expiresInSeconds: wholeNumber(1, MAX_ACCESS_SECONDS).default(3600),
    /** Origins whose pages may ask; without it only pages of the broker's own host. */
    origins: originsSchema,
    /** One token for everybody per half lifetime, for public maps. */
    shared: z.boolean().default(false),
    /**
     * The page's proof: none, a current session of the grant's organisation (login's), or what a
     * function says of the request.
     */
    session: sessionSchema,
    /** What its tiles are restricted to. */
    tiles: tilesSchema.optional(),
    /** `'cookie'` binds tokens to the browser that got them; for pages of the broker's own host. */
    binding: z.enum(['none', 'cookie']).default('none'),
    /** Hands the token out in a cookie as well, for images and others that carry neither header nor query. */
    tokenCookie: z.boolean().default(false),
  })
  .refine((grant) => grant.binding === 'none' || !grant.shared, {
    path: ['binding'],
    error: 'must be "none" for a shared grant, whose token everybody gets',
  })
  .refine((grant) => grant.binding === 'none' || !grant.origins, {
    path: ['binding'],
    error: 'must be "none" for a grant with "origins": pages of other hosts never see the cookie',
  })
  .refine((grant) => grant.binding === 'cookie' || !grant.tokenCookie, {
    path: ['tokenCookie'],
    error: 'must be false unless "binding" is "cookie"',
  })
  .refine((grant) => !grant.shared || grant.session === 'none', {
    path: ['session'],
    error: 'must be "none" for a shared grant, whose token everybody gets',
  })
  .refine((grant) => !grant.shared || grant.expiresInSeconds % 2 === 0, {
    path: ['expiresInSeconds'],
    error: 'must be even for a shared grant, whose tokens change every half lifetime',
  })

/** A grant as it is written in the configuration. */
export type GrantSettings = z.input<typeof grantSchema>
/** A grant with its defaults filled in. */
export type Grant = z.output<typeof grantSchema>

function isOrigin(value: string): boolean {
  return value === '*' || (URL.canParse(value) && new URL(value).origin === value)
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
