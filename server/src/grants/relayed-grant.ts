import { z } from 'zod'
import { findScopes } from '../issuer/scopes.ts'
import { wholeNumber } from '../settings/whole-number.ts'
import type { Account } from '../store/accounts.ts'
import { originsSchema, sessionSchema } from './issued-grant.ts'

/** What a page may get of an upstream. Which fields apply depends on its kind. */
export const relayedGrantSchema = z
  .strictObject({
    /** Name of the upstream. */
    upstream: z.string().min(1),
    /** Space-separated scopes, whatever the upstream calls them. */
    scope: z
      .string()
      .refine((list) => findScopes(list) !== undefined, {
        error: 'must be scopes separated by single spaces',
      })
      .optional(),
    /** Lifetime to ask for, in seconds. */
    expiresInSeconds: wholeNumber(1, 14_400).optional(),
    /** Ids of the datasets of which the page may name one. */
    datasets: z
      .array(z.guid({ error: 'must be a UUID' }).toLowerCase())
      .min(1)
      .optional(),
    /** Origins whose pages may ask; without it only pages of the broker's own host. */
    origins: originsSchema,
    /** The page's proof, as for any grant. */
    session: sessionSchema,
    /** Whose sessions count, and with whom the grant ends. */
    account: z.string().min(1).optional(),
    /** One token for everybody while half of its life is left; the default without a session. */
    shared: z.boolean().optional(),
  })
  .refine((grant) => grant.shared !== true || grant.session === 'none', {
    path: ['session'],
    error: 'must be "none" for a shared grant, whose token everybody gets',
  })
  .refine((grant) => grant.session !== 'required' || grant.account !== undefined, {
    path: ['account'],
    error: 'must be set for a grant that asks for a session: it says whose',
  })
  .transform(({ shared, ...grant }) => ({ ...grant, shared: shared ?? grant.session === 'none' }))

/** A grant of an upstream as it is written. */
export type RelayedGrantSettings = z.input<typeof relayedGrantSchema>
/** A grant of an upstream with its defaults filled in. */
export type RelayedGrant = z.output<typeof relayedGrantSchema>

/** A grant of an upstream with its name, and its account if it has one. */
export interface NamedRelayedGrant extends RelayedGrant {
  readonly name: string
  readonly owner: Account | undefined
}
