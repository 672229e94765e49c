import { z } from 'zod'
import { MAX_ACCESS_SECONDS } from '../issuer/kinds.ts'
import { findJwtScopes, JWT_SCOPES } from '../issuer/scopes.ts'
import { tilesSchema } from '../issuer/tile-claims.ts'
import { wholeNumber } from '../settings/whole-number.ts'
import type { Account } from '../store/accounts.ts'
import { NONE_IF_SHARED, originsSchema, sessionSchema } from './page-rules.ts'

const scope = z.string().refine((list) => findJwtScopes(list) !== undefined, {
  error: `must be scopes of ${JWT_SCOPES.join(', ')}, separated by single spaces`,
})

/** A grant of tokens that this broker issues. Unknown fields are refused, never ignored. */
export const issuedGrantSchema = z
  .strictObject({
    /** Name of the account that owns the tokens. */
    account: z.string().min(1),
    /** Space-separated scopes. */
    scope,
    /** Lifetime of a token, in seconds. */
    expiresInSeconds: wholeNumber(1, MAX_ACCESS_SECONDS).default(3600),
    /** Origins whose pages may use the grant; without it only pages of the broker's own host. */
    origins: originsSchema,
    /** All pages get the same token, which changes every half lifetime; for public maps. */
    shared: z.boolean().default(false),
    /** What the page must prove. */
    session: sessionSchema,
    /** Tiles to which the tokens are restricted. */
    tiles: tilesSchema.optional(),
    /** `'cookie'` binds tokens to the browser that gets them; only for pages of the broker's own host. */
    binding: z.enum(['none', 'cookie']).default('none'),
    /** Sends the token in a cookie as well, for requests such as images that carry no other credential. */
    tokenCookie: z.boolean().default(false),
  })
  .refine((grant) => grant.binding === 'none' || !grant.shared, {
    path: ['binding'],
    error: NONE_IF_SHARED,
  })
  .refine((grant) => grant.binding === 'none' || !grant.origins, {
    path: ['binding'],
    error: 'must be "none" for a grant with "origins": pages of other hosts never get the cookie',
  })
  .refine((grant) => grant.binding === 'cookie' || !grant.tokenCookie, {
    path: ['tokenCookie'],
    error: 'must be false unless "binding" is "cookie"',
  })
  .refine((grant) => !grant.shared || grant.session === 'none', {
    path: ['session'],
    error: NONE_IF_SHARED,
  })
  .refine((grant) => !grant.shared || grant.expiresInSeconds % 2 === 0, {
    path: ['expiresInSeconds'],
    error: 'must be even for a shared grant, whose token changes every half lifetime',
  })
  .transform((grant) => ({ ...grant, kind: 'issued' as const }))

/** A grant of this issuer as it is written. */
export type GrantSettings = z.input<typeof issuedGrantSchema>
/** A grant of this issuer with its defaults filled in. */
export type IssuedGrant = z.output<typeof issuedGrantSchema>

/** A grant of this issuer with its name and its account. */
export interface NamedIssuedGrant extends IssuedGrant {
  readonly name: string
  readonly owner: Account
}
