import { z } from 'zod'
import { MAX_ACCESS_SECONDS } from '../issuer/kinds.ts'
import { findJwtScopes, JWT_SCOPES } from '../issuer/scopes.ts'
import { tilesSchema } from '../issuer/tile-claims.ts'
import { wholeNumber } from '../settings/whole-number.ts'
import type { Account } from '../store/accounts.ts'
import { NONE_IF_SHARED, originsSchema, sessionSchema } from './page-rules.ts'

const scope = z
  .string()
  .refine((list) => findJwtScopes(list) !== undefined, {
    error: `must be scopes of ${JWT_SCOPES.join(', ')}, separated by single spaces`,
  })
  .describe(
    `Scopes of the tokens, separated by single spaces: ${JWT_SCOPES.map((each) => `\`${each}\``).join(', ')}.`,
  )

/** A grant of tokens that this broker issues. Unknown fields are refused, never ignored. */
export const issuedGrantSchema = z
  .strictObject({
    account: z
      .string()
      .min(1)
      .describe('Name of the account that owns the tokens; `tilepass account create` creates it.'),
    scope,
    expiresInSeconds: wholeNumber(1, MAX_ACCESS_SECONDS)
      .default(3600)
      .describe('Lifetime of a token, in seconds.'),
    origins: originsSchema,
    shared: z
      .boolean()
      .default(false)
      .describe(
        'Gives all pages the same token, which changes every half lifetime: one signature, however many visitors there are. For public maps.',
      ),
    session: sessionSchema,
    tiles: tilesSchema
      .optional()
      .describe('Restricts the tokens to tilesets, an area and zooms; each member is optional.'),
    binding: z
      .enum(['none', 'cookie'])
      .default('none')
      .describe(
        '`"cookie"` binds tokens to the browser that gets them. Requires https (or localhost) and pages on the host of the broker; excludes `shared` and `origins`.',
      ),
    tokenCookie: z
      .boolean()
      .default(false)
      .describe(
        'Sends the token in a cookie as well, for images and other requests that cannot set a header. Requires `binding`.',
      ),
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
  .meta({ title: 'A grant of this broker' })
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
