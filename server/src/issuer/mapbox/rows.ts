import { randomBytes } from 'node:crypto'
import {
  type ApiToken,
  NEVER,
  type NewApiTokenRow,
  readAllowedUrls,
  readScopes,
} from '../../store/api-tokens.ts'
import type { MapboxTokenUpdate } from '../../store/mapbox-tokens.ts'
import type { Rights } from '../narrow.ts'
import { formatRestrictions, readRestrictions } from './restrictions.ts'
import { isPublicScope, PUBLIC_SCOPES } from './scopes.ts'

/** What a token of the registry permits. */
export function readRights(row: ApiToken): Rights {
  return { scopes: readScopes(row), allowedUrls: readAllowedUrls(row), ...readRestrictions(row) }
}

/**
 * The row of a new token: public if all of its scopes are public, otherwise secret.
 *
 * @param account Name of its owner.
 */
export function createRow(
  account: string,
  note: string,
  { scopes, allowedUrls = [], ...restrictions }: Rights,
  now: number,
): NewApiTokenRow {
  return {
    id: createId(),
    account,
    format: 'mapbox',
    usage: scopes.every(isPublicScope) ? 'pk' : 'sk',
    is_default: 0,
    note,
    scopes: scopes.join(' '),
    allowed_urls: JSON.stringify(allowedUrls),
    restrictions: formatRestrictions(restrictions),
    created_at: now,
    modified_at: now,
    last_used_at: null,
    expires_at: NEVER,
    revoked_at: null,
  }
}

/** The row of a new default token: every public scope, on every page. */
export function createDefaultRow(account: string, now: number): NewApiTokenRow {
  const row = createRow(account, 'Default public token', { scopes: PUBLIC_SCOPES }, now)
  return { ...row, is_default: 1 }
}

/**
 * The columns that a change writes, and no others.
 *
 * @param wanted What the change names.
 */
export function toUpdate(
  current: ApiToken,
  { note, scopes, allowedUrls, ...restrictions }: Partial<Rights> & { readonly note?: string },
): MapboxTokenUpdate {
  const { resources, allowedApplications } = restrictions
  return {
    ...(note !== undefined && { note }),
    ...(scopes && { scopes: scopes.join(' ') }),
    ...(allowedUrls && { allowed_urls: JSON.stringify(allowedUrls) }),
    // Both restrictions are in one column.
    ...((resources || allowedApplications) && {
      restrictions: formatRestrictions({ ...readRestrictions(current), ...restrictions }),
    }),
  }
}

/** An id in the form that clients of the format expect: `c` and 24 random characters. */
function createId(): string {
  const digits = BigInt(`0x${randomBytes(16).toString('hex')}`).toString(36)
  return `c${digits.padStart(24, '0').slice(-24)}`
}
