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
    /** Name of the upstream. */
    upstream: z.string().min(1),
    /** Space-separated scopes, as the upstream names them. */
    scope: z
      .string()
      .refine((list) => findScopes(list) !== undefined, {
        error: 'must be scopes separated by single spaces',
      })
      .optional(),
    /** Lifetime to request, in seconds. */
    expiresInSeconds: wholeNumber(1, MAX_RELAYED_SECONDS).optional(),
    /** Ids of datasets; the page chooses one. */
    datasets: z
      .array(z.guid({ error: 'must be a UUID' }).toLowerCase())
      .min(1)
      .optional(),
    /** Origins whose pages may use the grant; without it only pages of the broker's own host. */
    origins: originsSchema,
    /** What the page must prove. */
    session: sessionSchema,
    /** Account whose organisation's sessions are accepted; the grant ends with it. */
    account: z.string().min(1).optional(),
    /** All pages get the same token until half of its lifetime is left; by default so without a session. */
    shared: z.boolean().optional(),
  })
  .refine((grant) => grant.shared !== true || grant.session === 'none', {
    path: ['session'],
    error: NONE_IF_SHARED,
  })
  .refine((grant) => grant.session !== 'required' || grant.account !== undefined, {
    path: ['account'],
    error: 'must be set if "session" is "required": sessions of its organisation are accepted',
  })
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
