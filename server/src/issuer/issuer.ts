import type { Meter } from '../observe/meter.ts'
import type { Revocations } from '../store/revocations.ts'
import type { SigningKeys } from './signing-keys.ts'

/** Our own issuer: what its tokens are signed and verified with. */
export interface Issuer {
  /** `iss` and `aud` of its tokens. */
  readonly url: string
  readonly keys: SigningKeys
  readonly revocations: Revocations
  /** Epoch ms. */
  readonly now: () => number
  /** Counts what it signs and verifies. */
  readonly meter?: Meter | undefined
}
