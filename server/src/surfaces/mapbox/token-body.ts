import type { JsonBody } from '../../http/json-body.ts'
import { isAllowedUrl, MAX_ALLOWED_URLS } from '../../issuer/mapbox/allowed-urls.ts'
import {
  InvalidAllowedUrlsError,
  InvalidExpiresError,
  InvalidRestrictionError,
  InvalidScopesError,
} from '../../issuer/mapbox/errors.ts'
import type { MapboxTokenChange, NewMapboxToken } from '../../issuer/mapbox/registry.ts'
import type { Application, Restrictions } from '../../issuer/mapbox/restrictions.ts'
import type { TemporaryRequest } from '../../issuer/mapbox/temporary.ts'
import { UnprocessableError } from './errors.ts'

const LASTING_MEMBERS = ['note', 'scopes', 'allowedUrls', 'resources', 'allowedApplications']
const TEMPORARY_MEMBERS = ['expires', 'scopes', 'resources', 'allowedApplications']
const MAX_NOTE_LENGTH = 128
/** ISO 8601 with an offset, so that the time zone of the server does not matter. */
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/

/** Does this body ask for a temporary token? */
export function isTemporary(body: JsonBody): boolean {
  return Object.hasOwn(body, 'expires')
}

/** Reads the body of "Create token". @throws {@link UnprocessableError} naming the member. */
export function parseNewToken(body: JsonBody): NewMapboxToken {
  return { note: '', scopes: [], ...parseTokenChange(body) }
}

/** Reads the body of "Update a token": absent members stay as they are. @throws {@link UnprocessableError} */
export function parseTokenChange(body: JsonBody): MapboxTokenChange {
  refuseOthers(body, LASTING_MEMBERS)
  return {
    ...(Object.hasOwn(body, 'note') ? { note: parseNote(body.note) } : {}),
    ...(Object.hasOwn(body, 'scopes') ? { scopes: parseScopes(body.scopes) } : {}),
    ...(Object.hasOwn(body, 'allowedUrls')
      ? { allowedUrls: parseAllowedUrls(body.allowedUrls) }
      : {}),
    ...parseRestrictions(body),
  }
}

/** Reads the body of "Create temporary token". @throws {@link UnprocessableError} */
export function parseTemporaryRequest(body: JsonBody): TemporaryRequest {
  if (Object.hasOwn(body, 'allowedUrls')) throw new InvalidAllowedUrlsError()
  refuseOthers(body, TEMPORARY_MEMBERS)
  // A temporary token cannot hold restrictions, and dropping them would widen it.
  if (Object.values(parseRestrictions(body)).some((list) => list.length > 0))
    throw new InvalidRestrictionError('resources')
  const { expires } = body
  const expiresAt = typeof expires === 'string' && DATE.test(expires) ? parseDate(expires) : NaN
  if (Number.isNaN(expiresAt)) throw new InvalidExpiresError('is invalid')
  return { expiresAt, scopes: parseScopes(Object.hasOwn(body, 'scopes') ? body.scopes : undefined) }
}

function refuseOthers(body: JsonBody, known: readonly string[]): void {
  if (!Object.keys(body).every((key) => known.includes(key)))
    throw new UnprocessableError('unknown properties are not allowed')
}

function parseNote(note: unknown): string {
  if (typeof note !== 'string' || [...note].length > MAX_NOTE_LENGTH || note.includes('\0'))
    throw new UnprocessableError(`note must be a string of at most ${MAX_NOTE_LENGTH} characters`)
  return note
}

function parseScopes(scopes: unknown): readonly string[] {
  if (!isStringList(scopes)) throw new InvalidScopesError()
  return [...new Set(scopes)]
}

function parseAllowedUrls(urls: unknown): readonly string[] {
  if (urls === null) return []
  if (!isStringList(urls) || urls.length > MAX_ALLOWED_URLS || !urls.every(isAllowedUrl))
    throw new InvalidAllowedUrlsError()
  return [...new Set(urls)]
}

/** Reads the restrictions that are stored but not enforced; `null` and an empty list clear one. */
function parseRestrictions(body: JsonBody): Restrictions {
  return {
    ...(Object.hasOwn(body, 'resources') ? { resources: parseResources(body.resources) } : {}),
    ...(Object.hasOwn(body, 'allowedApplications')
      ? { allowedApplications: parseApplications(body.allowedApplications) }
      : {}),
  }
}

function parseResources(resources: unknown): readonly string[] {
  if (resources === null) return []
  if (!isStringList(resources)) throw new InvalidRestrictionError('resources')
  return resources
}

function parseApplications(list: unknown): readonly Application[] {
  if (list === null) return []
  if (!isApplicationList(list)) throw new InvalidRestrictionError('allowedApplications')
  return list
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}

function isApplicationList(value: unknown): value is Application[] {
  return (
    Array.isArray(value) &&
    value.every(
      (entry: unknown) =>
        typeof entry === 'object' &&
        entry !== null &&
        Object.keys(entry).length === 2 &&
        typeof Reflect.get(entry, 'bundleId') === 'string' &&
        typeof Reflect.get(entry, 'platform') === 'string',
    )
  )
}

// JavaScript requires a colon in the offset, ISO 8601 does not.
function parseDate(value: string): number {
  return Date.parse(value.replace(/([+-]\d\d):?(\d\d)$/, '$1:$2'))
}
