import { findAuditTime, isAuditAction } from '../../admin/audit-query.ts'
import { MAX_PAGE } from '../../admin/page.ts'
import { InvalidRequestError } from '../../errors.ts'
import { findParameter, findWholeNumber } from '../../http/query.ts'
import type { AuditQuery } from '../../store/audit.ts'

const DEFAULT_PAGE = 100

/** Reads which part of the audit trail a request asks for. @throws {@link InvalidRequestError} */
export function parseAuditQuery(query: URLSearchParams, now: number): AuditQuery {
  const since = findParameter(query, 'since')
  const sinceTime = since === undefined ? undefined : findAuditTime(since, now)
  if (since !== undefined && sinceTime === undefined)
    throw new InvalidRequestError(
      '"since" must be a time such as 2026-01-31T08:00:00Z, or an age such as 24h or 7d',
    )
  const action = findParameter(query, 'action')
  if (action !== undefined && !isAuditAction(action))
    throw new InvalidRequestError(
      '"action" must be an action such as token.create, or its first word',
    )
  return {
    limit: findWholeNumber(query, 'limit', MAX_PAGE) ?? DEFAULT_PAGE,
    before: findWholeNumber(query, 'before', Number.MAX_SAFE_INTEGER),
    since: sinceTime,
    actor: findParameter(query, 'actor'),
    action,
  }
}
