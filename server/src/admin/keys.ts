import { NotFoundError } from '../errors.ts'
import { type KeyRevocation, prepareSuccessor, revokeSigningKey } from '../issuer/key-revocation.ts'
import {
  type KeySummary,
  listSigningKeys,
  prepareRotation,
  rotateSigningKeys,
} from '../issuer/key-rotation.ts'
import { revokeSecretKeys, rotateSecretKey, type SecretPurpose } from '../issuer/secret-keys.ts'
import { ConflictError } from './errors.ts'
import { auditedBy, type Operator } from './operator.ts'

/** What operators do with signing keys. */
export interface KeyAdministration {
  /** The newest first. */
  listKeys(): Promise<readonly KeySummary[]>
  /** @throws {@link ConflictError} if there are too many keys. */
  rotateKeys(): Promise<KeySummary>
  /** Revokes a signing key and every token that it signed. @throws {@link NotFoundError} */
  revokeKey(kid: string): Promise<KeyRevocation>
  /** Adds a secret key, which signs at once. @throws {@link ConflictError} if there are too many. */
  rotateSecret(purpose: SecretPurpose): Promise<void>
  /** Replaces the secret keys of a purpose: whatever they have signed ends. */
  revokeSecrets(purpose: SecretPurpose): Promise<void>
}

/** Creates the part of an administration that is about signing keys. */
export function createKeyAdministration(operator: Operator): KeyAdministration {
  const { store, now } = operator
  return {
    listKeys: () => listSigningKeys(store, now()),
    rotateKeys: async () => {
      const key = await prepareRotation(store, now())
      return auditedBy(operator, 'key.rotate', key.kid, async (change) => {
        const added = await rotateSigningKeys(change, key, operator.actor === 'cli', now())
        if (!added)
          throw new ConflictError(
            'There are too many keys; an old key is removed when its last token has expired',
          )
        return added
      })
    },
    revokeKey: async (kid) => {
      const key = await prepareSuccessor(now())
      return auditedBy(operator, 'key.revoke', kid, async (change) => {
        const revoked = await revokeSigningKey(change, kid, key, now())
        if (!revoked) throw new NotFoundError('Key not found')
        return revoked
      })
    },
    rotateSecret: (purpose) =>
      auditedBy(operator, 'key.rotate', purpose, async (change) => {
        if (!(await rotateSecretKey(change, purpose)))
          throw new ConflictError('There are too many keys; revoke them')
      }),
    revokeSecrets: (purpose) =>
      auditedBy(operator, 'key.revoke', purpose, (change) => revokeSecretKeys(change, purpose)),
  }
}
