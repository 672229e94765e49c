import { isRecord } from '@tilepass/guard/broker'
import { delegate } from '../settings/delegate.ts'
import {
  type GrantSettings,
  type IssuedGrant,
  issuedGrantSchema,
  type NamedIssuedGrant,
} from './issued-grant.ts'
import {
  type NamedRelayedGrant,
  type RelayedGrant,
  type RelayedGrantSettings,
  relayedGrantSchema,
} from './relayed-grant.ts'

/** A grant of the configuration; `kind` says whether this broker or an upstream issues its tokens. */
export type Grant = IssuedGrant | RelayedGrant
/** A grant with its name, and its account if it has one. */
export type NamedGrant = NamedIssuedGrant | NamedRelayedGrant

/** A grant as it is written: a field `upstream` makes it a relayed one. */
export const grantSchema = delegate<GrantSettings | RelayedGrantSettings, Grant>(
  (input) =>
    isRecord(input) && Object.hasOwn(input, 'upstream') ? relayedGrantSchema : issuedGrantSchema,
  [issuedGrantSchema, relayedGrantSchema],
)
