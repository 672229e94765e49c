import { isIP } from 'node:net'
import { z } from 'zod'
import { wholeNumber } from '../settings/whole-number.ts'

/** Where an upstream is: encrypted, unless it is on this machine. */
export const upstreamUrl = z.string().refine(isUpstreamUrl, {
  error:
    'must be an https URL (http for this machine) without credentials, query, fragment or a slash at its end',
})

/** A token endpoint is an address as it is: some have a query or a slash at their end (RFC 6749 §3.2). */
export const endpointUrl = z.string().refine((value) => isSafeUrl(value) && !/[#\s]/.test(value), {
  error: 'must be an https URL (http for this machine) without credentials or fragment',
})

/** How long an exchange may take with all its retries, in seconds; less than pages wait. */
export const timeoutSeconds = wholeNumber(1, 60).default(8)

function isUpstreamUrl(value: string): boolean {
  return isSafeUrl(value) && !/[?#\s]|\/$/.test(value)
}

function isSafeUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, hostname } = new URL(value)
  if (username || password) return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    (isIP(hostname) === 4 && hostname.startsWith('127.'))
  )
}
