import {
  type KeySummary,
  listSigningKeys,
  prepareRotation,
  rotateSigningKeys,
} from '../issuer/key-rotation.ts'
import { ConflictError } from './errors.ts'
import { auditedBy, type Operator } from './operator.ts'

/** What operators do with signing keys. */
export interface KeyAdministration {
  /** The newest first. */
  listKeys(): Promise<readonly KeySummary[]>
  /** @throws {@link ConflictError} if there are too many keys. */
  rotateKeys(): Promise<KeySummary>
}

/** Creates the part of an administration that is about signing keys. */
export function createKeyAdministration(operator: Operator): KeyAdministration {
  const { store, now } = operator
  return {
    listKeys: () => listSigningKeys(store, now()),
    rotateKeys: async () => {
      const key = await prepareRotation(store, now())
      return auditedBy(operator, 'key.rotate', key.kid, async (change) => {
        const added = await rotateSigningKeys(change, key, now())
        if (!added)
          throw new ConflictError(
            'There are too many keys; an old key is removed when its last token has expired',
          )
        return added
      })
    },
  }
}
