import { GuardError, InsufficientScopeError } from '@tilepass/guard'
import type { ErrorRequestHandler, Request } from 'express'
import { BrokerError } from '../../errors.ts'
import { toAddressKey } from '../../http/address-key.ts'
import { readBearer } from '../../http/bearer.ts'
import { readSender } from '../../http/sender.ts'
import { UnauthorizedError } from '../../issuer/errors.ts'
import { findTokenParts } from '../../issuer/inspection.ts'
import type { Refusals } from '../../store/refusals.ts'

/** Audits a refusal, if it is one that another credential would have changed. */
export type AuditRefusal = (error: unknown, request: Request) => void

/** Creates the function that audits who was refused administration: with 401, or with 403. */
export function createAuditRefusal(
  refusals: Pick<Refusals, 'record'>,
  now: () => number,
): AuditRefusal {
  return (error, request) => {
    if (!(error instanceof GuardError || error instanceof BrokerError)) return
    if (error.status !== 401 && error.status !== 403) return
    const sender = readSender(request)
    refusals.record({
      at: now(),
      actor: request.auth?.sub ?? findVerifiedId(error, request) ?? 'anonymous',
      action: 'admin.refuse',
      // Never the path: a client can put anything there.
      target: '/v1/admin',
      detail: error.code.toLowerCase(),
      sender: { ...sender, address: toAddressKey(sender.address || undefined) },
    })
  }
}

/** Does the same for the errors of later handlers, and passes them on. */
export function auditErrors(audit: AuditRefusal): ErrorRequestHandler {
  return (error, request, _response, next) => {
    audit(error, request)
    next(error)
  }
}

/** The id of a token that lacks the scope only. The guard has verified it, but does not say whose it is. */
function findVerifiedId(error: unknown, request: Request): string | undefined {
  if (!(error instanceof InsufficientScopeError)) return
  const token = readBearer(request, () => new UnauthorizedError())
  const id = findTokenParts(token)?.claims.sub
  return typeof id === 'string' ? id : undefined
}
