import { delegate } from '../settings/delegate.ts'
import { type Grant, type GrantSettings, grantSchema } from './issued-grant.ts'
import {
  type RelayedGrant,
  type RelayedGrantSettings,
  relayedGrantSchema,
} from './relayed-grant.ts'

/** A grant of this issuer or of an upstream: the field `upstream` tells. */
export const anyGrantSchema = delegate<GrantSettings | RelayedGrantSettings, Grant | RelayedGrant>(
  (input) =>
    typeof input === 'object' && input !== null && Object.hasOwn(input, 'upstream')
      ? relayedGrantSchema
      : grantSchema,
)
