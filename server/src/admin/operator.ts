import type { Sender } from '../http/sender.ts'
import { UnauthorizedError } from '../issuer/errors.ts'
import type { Mint } from '../issuer/mint.ts'
import type { Rights } from '../issuer/narrow.ts'
import type { SigningAlgorithm } from '../issuer/signature.ts'
import { lockCurrentToken } from '../store/api-tokens.ts'
import { type AuditedChange, audited } from '../store/audit.ts'
import { isListShortEnough } from '../store/bounded-revocations.ts'
import type { Store } from '../store/open.ts'
import { ConflictError } from './errors.ts'

/** The actor of an administration, and what it works with. */
export interface Operator {
  readonly store: Store
  /** Id of a token, or `cli`. */
  readonly actor: string
  /** The request of the actor; absent on the command line. */
  readonly sender?: Sender
  /** What new tokens can have at most. Without it anything. */
  readonly rights?: Rights
  /** Called only to create a token. */
  readonly getMint: () => Promise<Mint>
  /** Of new signing keys. Default RS256. */
  readonly signingAlgorithm?: SigningAlgorithm
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * Makes a change in the name of the operator, with its audit entry.
 *
 * @throws {@link UnauthorizedError} if the token of the operator was revoked since it was verified.
 * @see {@link audited}
 */
export function auditedBy<T>(
  { store, actor, sender, now }: Operator,
  action: string,
  target: string,
  run: (change: AuditedChange) => Promise<T>,
  detail = '',
): Promise<T> {
  return audited(store, { at: now(), actor, sender, action, target, detail }, async (change) => {
    if (actor !== 'cli' && !(await lockCurrentToken(change, actor)))
      throw new UnauthorizedError('Bearer error="invalid_token"')
    return run(change)
  })
}

/**
 * Does the same for a change that revokes. Administration over HTTP cannot make the list of revocations
 * too long for guards; the operator at the terminal can always revoke.
 *
 * @throws {@link ConflictError}
 */
export function revokedBy<T>(
  operator: Operator,
  action: string,
  target: string,
  run: (change: AuditedChange) => Promise<T>,
): Promise<T> {
  return auditedBy(operator, action, target, async (change) => {
    const result = await run(change)
    if (operator.actor !== 'cli' && !(await isListShortEnough(change, operator.now())))
      throw new ConflictError('Too many revocations are listed; revoke on the command line')
    return result
  })
}
