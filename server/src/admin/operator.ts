import type { Sender } from '../http/sender.ts'
import type { Mint } from '../issuer/mint.ts'
import type { Rights } from '../issuer/narrow.ts'
import { type AuditedChange, audited } from '../store/audit.ts'
import type { Store } from '../store/open.ts'

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
  /** Epoch ms. */
  readonly now: () => number
}

/** Makes a change in the name of the operator, with its audit entry. @see {@link audited} */
export function auditedBy<T>(
  { store, actor, sender, now }: Operator,
  action: string,
  target: string,
  run: (change: AuditedChange) => Promise<T>,
  detail = '',
): Promise<T> {
  return audited(store, { at: now(), actor, sender, action, target, detail }, run)
}
