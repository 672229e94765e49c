import { NotFoundError } from '../errors.ts'
import { type KeyRevocation, prepareSuccessor, revokeSigningKey } from '../issuer/key-revocation.ts'
import {
  type KeySummary,
  listSigningKeys,
  prepareRotation,
  RotatedMeanwhileError,
  rotateSigningKeys,
} from '../issuer/key-rotation.ts'
import {
  listSecretKeys,
  revokeSecretKey,
  revokeSecretKeys,
  rotateSecretKey,
  type SecretKeySummary,
} from '../issuer/secret-key-rotation.ts'
import type { SecretPurpose } from '../issuer/secret-keys.ts'
import { ConflictError, TooManySecretKeysError } from './errors.ts'
import { auditedBy, type Operator } from './operator.ts'

/** What operators do with signing keys. */
export interface KeyAdministration {
  /** The newest first. */
  listKeys(): Promise<readonly KeySummary[]>
  /**
   * Of several rotations at the same time, one adds a key, and all resolve to it.
   *
   * @throws {@link ConflictError} if there are too many keys.
   */
  rotateKeys(): Promise<KeySummary>
  /** Revokes a signing key and every token that it signed. @throws {@link NotFoundError} */
  revokeKey(kid: string): Promise<KeyRevocation>
  /** The secret keys of a purpose: the one that signs first. */
  listSecrets(purpose: SecretPurpose): Promise<readonly SecretKeySummary[]>
  /**
   * Adds a secret key, which signs at once.
   *
   * @returns The key that it replaces.
   * @throws {@link TooManySecretKeysError}; `UnavailableError` if another rotation was faster.
   */
  rotateSecret(purpose: SecretPurpose): Promise<SecretKeySummary | undefined>
  /** Revokes one secret key: what it has signed ends. @throws {@link NotFoundError} */
  revokeSecret(id: string): Promise<void>
  /** Replaces the secret keys of a purpose: whatever they have signed ends. */
  revokeSecrets(purpose: SecretPurpose): Promise<void>
}

/** Creates the part of an administration that is about signing keys. */
export function createKeyAdministration(operator: Operator): KeyAdministration {
  const { store, now, signingAlgorithm } = operator
  return {
    listKeys: () => listSigningKeys(store, now()),
    rotateKeys: async () => {
      const prepared = await prepareRotation(store, now(), signingAlgorithm)
      try {
        return await auditedBy(operator, 'key.rotate', prepared.key.kid, async (change) => {
          const added = await rotateSigningKeys(change, prepared, operator.actor === 'cli', now())
          if (!added)
            throw new ConflictError(
              'There are too many keys; an old key is removed when its last token has expired',
            )
          return added
        })
      } catch (error) {
        if (error instanceof RotatedMeanwhileError) return error.added
        throw error
      }
    },
    revokeKey: async (kid) => {
      const key = await prepareSuccessor(now(), signingAlgorithm)
      return auditedBy(operator, 'key.revoke', kid, async (change) => {
        const revoked = await revokeSigningKey(change, kid, key, now())
        if (!revoked) throw new NotFoundError('Key not found')
        return revoked
      })
    },
    listSecrets: (purpose) => listSecretKeys(store, purpose),
    rotateSecret: (purpose) =>
      auditedBy(operator, 'key.rotate', purpose, async (change) => {
        const { retired, oldest } = await rotateSecretKey(change, purpose, now())
        if (oldest) throw new TooManySecretKeysError(oldest)
        return retired
      }),
    revokeSecret: (id) =>
      auditedBy(operator, 'key.revoke', id, async (change) => {
        if (!(await revokeSecretKey(change, id, now()))) throw new NotFoundError('Key not found')
      }),
    revokeSecrets: (purpose) =>
      auditedBy(operator, 'key.revoke', purpose, (change) =>
        revokeSecretKeys(change, purpose, now()),
      ),
  }
}
