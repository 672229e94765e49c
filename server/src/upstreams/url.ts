import { z } from 'zod'
import { findHttpUrl, isBaseUrl, isLoopback } from '../settings/url.ts'

/** Base URL of an API: encrypted, unless the API is on this machine. */
export const upstreamUrl = z.string().refine((value) => isBaseUrl(value) && isSafe(value), {
  error:
    'must be an https URL (http for this machine) without credentials, query, fragment or trailing slash',
})

/** A token endpoint is used as it is: some have a query or a trailing slash (RFC 6749 §3.2). */
export const endpointUrl = z.string().refine(isSafe, {
  error: 'must be an https URL (http for this machine) without credentials or fragment',
})

/** URLs that a fault may quote: a host and a path, without characters in which a secret could hide. */
export const QUOTABLE_URL: RegExp = /^https?:\/\/[\w.:-]+(?:\/[\w/.-]*)?$/

function isSafe(value: string): boolean {
  const url = findHttpUrl(value)
  return url !== undefined && (url.protocol === 'https:' || isLoopback(url.hostname))
}
