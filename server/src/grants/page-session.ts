import type { Request } from 'express'
import { readBearer } from '../http/bearer.ts'
import { InvalidSessionError } from '../sessions/errors.ts'
import type { Session, Sessions } from '../sessions/sessions.ts'
import { ForeignSessionError } from './errors.ts'
import type { NamedGrant } from './grant.ts'

/**
 * Checks the proof that the grant requires.
 *
 * @returns The session, if the grant requires one of ours.
 * @throws {@link InvalidSessionError} without valid proof, {@link ForeignSessionError} for a session of
 *   another organisation.
 */
export async function requireSession(
  request: Request,
  { session: required, owner }: Pick<NamedGrant, 'session' | 'owner'>,
  sessions: Sessions,
): Promise<Session | undefined> {
  if (required === 'none') return
  if (required === 'required') {
    const session = await sessions.authenticate(
      readBearer(request, () => new InvalidSessionError()),
    )
    if (session.account.orgId !== owner?.orgId) throw new ForeignSessionError()
    return session
  }
  if ((await required(request)) !== true)
    throw new InvalidSessionError('The session function of this grant did not return true')
  return
}
