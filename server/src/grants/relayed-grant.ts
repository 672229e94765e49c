import { z } from 'zod'
import { findScopes } from '../issuer/scopes.ts'
import { wholeNumber } from '../settings/whole-number.ts'
import type { Account } from '../store/accounts.ts'
import { NONE_IF_SHARED, originsSchema, sessionSchema } from './page-rules.ts'

/** Longest lifetime that a grant may request from an upstream, in seconds. */
export const MAX_RELAYED_SECONDS = 14_400

/**
 * A grant of tokens that an upstream issues. The kind of the upstream decides which of `scope`,
 * `expiresInSeconds` and `datasets` apply.
 */
export const relayedGrantSchema = z
  .strictObject({
    upstream: z.string().min(1).describe('Name of the upstream that issues the tokens.'),
    scope: z
      .string()
      .refine((list) => findScopes(list) !== undefined, {
        error: 'must be scopes separated by single spaces',
      })
      .optional()
      .describe(
        'Scopes to request, separated by single spaces, as the upstream names them. Required for `geog` and `mapbox`, optional for `oauth`.',
      ),
    expiresInSeconds: wholeNumber(1, MAX_RELAYED_SECONDS)
      .optional()
      .describe(
        'Lifetime to request, in seconds; for `geog` and `mapbox` (there 3600 at most). The other kinds decide by themselves.',
      ),
    datasets: z
      .array(z.guid({ error: 'must be a UUID' }).toLowerCase())
      .min(1)
      .optional()
      .describe(
        'Ids of datasets, required for `geolens`. The page names one as `dataset`, unless there is only one.',
      ),
    origins: originsSchema,
    session: sessionSchema,
    account: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Name of an account. Required for `session: "required"`: only sessions of its organisation count. Disabling the account disables the grant.',
      ),
    shared: z
      .boolean()
      .optional()
      .describe(
        'Gives all pages the same token while at least half of its lifetime is left. Default: true, unless `session` is set.',
      ),
  })
  .refine((grant) => grant.shared !== true || grant.session === 'none', {
    path: ['session'],
    error: NONE_IF_SHARED,
  })
  .refine((grant) => grant.session !== 'required' || grant.account !== undefined, {
    path: ['account'],
    error: 'must be set if "session" is "required": sessions of its organisation are accepted',
  })
  .meta({ title: 'A grant of an upstream' })
  .transform(({ shared, ...grant }) => ({
    ...grant,
    kind: 'relayed' as const,
    shared: shared ?? grant.session === 'none',
    binding: 'none' as const,
    tokenCookie: false as const,
  }))

/** A grant of an upstream as it is written. */
export type RelayedGrantSettings = z.input<typeof relayedGrantSchema>
/** A grant of an upstream with its defaults filled in. */
export type RelayedGrant = z.output<typeof relayedGrantSchema>

/** A grant of an upstream with its name, and its account if it has one. */
export interface NamedRelayedGrant extends RelayedGrant {
  readonly name: string
  readonly owner: Account | undefined
}
