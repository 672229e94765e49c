import { isIP } from 'node:net'
import { z } from 'zod'
import { wholeNumber } from '../whole-number.ts'

/** Where an upstream is: encrypted, unless it is on this machine. */
export const upstreamUrl = z.string().refine(isUpstreamUrl, {
  error:
    'must be an https URL (http for this machine) without credentials, query, fragment or a slash at its end',
})

/** How long an exchange may take with all its retries, in seconds; less than pages wait. */
export const timeoutSeconds = wholeNumber(1, 60).default(8)

function isUpstreamUrl(value: string): boolean {
  if (!URL.canParse(value) || /[?#\s]|\/$/.test(value)) return false
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
