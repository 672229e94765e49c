import type { Request } from 'express'
import { ForeignSessionError } from '../../grants/errors.ts'
import type { SessionHook } from '../../grants/issued-grant.ts'
import { readBearer } from '../../http/bearer.ts'
import { InvalidSessionError } from '../../sessions/errors.ts'
import type { Session, Sessions } from '../../sessions/sessions.ts'
import type { Account } from '../../store/accounts.ts'

/** What a grant says about sessions. */
interface SessionRule {
  readonly session: 'none' | 'required' | SessionHook
  readonly owner: Account | undefined
}

/**
 * Asks for the proof that the grant wants.
 *
 * @returns The session of a grant that wants one of ours.
 * @throws {@link InvalidSessionError} without it, {@link ForeignSessionError} for one of another
 *   organisation.
 */
export async function requireSession(
  request: Request,
  { session: wanted, owner }: SessionRule,
  sessions: Sessions,
): Promise<Session | undefined> {
  if (wanted === 'none') return
  if (wanted === 'required') {
    const session = await sessions.authenticate(
      readBearer(request, () => new InvalidSessionError()),
    )
    if (session.account.orgId !== owner?.orgId) throw new ForeignSessionError()
    return session
  }
  if ((await wanted(request)) !== true) throw new InvalidSessionError()
  return
}
