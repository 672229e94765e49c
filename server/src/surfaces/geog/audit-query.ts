import { findAuditTime, isAuditAction, MAX_AUDIT_PAGE } from '../../admin/audit-query.ts'
import { InvalidRequestError } from '../../errors.ts'
import { findParameter } from '../../http/query.ts'
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
    limit: findNumber(query, 'limit', MAX_AUDIT_PAGE) ?? DEFAULT_PAGE,
    before: findNumber(query, 'before', Number.MAX_SAFE_INTEGER),
    since: sinceTime,
    actor: findParameter(query, 'actor'),
    action,
  }
}

function findNumber(query: URLSearchParams, name: string, max: number): number | undefined {
  const given = findParameter(query, name)
  if (given === undefined) return
  const value = /^\d{1,16}$/.test(given) ? Number(given) : 0
  if (value < 1 || value > max)
    throw new InvalidRequestError(`"${name}" must be a whole number from 1 to ${max}`)
  return value
}
