import { type Grant, type GrantSettings, grantSchema } from '../issuer/grant.ts'
import { delegate } from '../zod-delegate.ts'
import { type RelayedGrant, type RelayedGrantSettings, relayedGrantSchema } from './grant.ts'

/** A grant of this issuer or of an upstream: the field `upstream` tells. */
export const anyGrantSchema = delegate<GrantSettings | RelayedGrantSettings, Grant | RelayedGrant>(
  (input) =>
    typeof input === 'object' && input !== null && Object.hasOwn(input, 'upstream')
      ? relayedGrantSchema
      : grantSchema,
)
