import type { Config } from '../../config/schema.ts'
import { isLoopbackHost } from '../../settings/url.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

/** How long an answer may take, in ms. */
const TIMEOUT = 5_000
/** How far another clock may differ, in ms: tokens may be from so far in the future. */
const MAX_DIFFERENCE = 30_000

/** What the checks of the public URL work with. */
export interface PublicUrlParts {
  readonly settings: Pick<Config, 'publicUrl' | 'trustProxy' | 'grants'>
  /** `kid`s of the data folder. */
  readonly keyIds: readonly string[]
  /** Epoch ms. */
  readonly now: () => number
}

/** Checks what clients meet at the public URL: this broker, unchanged by the proxy in front of it. */
export async function checkPublicUrl(parts: PublicUrlParts): Promise<readonly Finding[]> {
  const { publicUrl, trustProxy } = parts.settings
  if (publicUrl === undefined)
    return [
      warning(
        'proxy',
        'publicUrl is not set, so links in answers follow the address that the server listens on',
        'Behind a proxy, set "publicUrl" to the URL that clients use.',
      ),
    ]
  const keys = await ask(`${publicUrl}/.well-known/jwks.json`)
  if (keys instanceof Error)
    return [
      fault(
        'proxy',
        `${publicUrl} cannot be reached from here: ${keys.message}`,
        'Start the server, and check DNS, TLS and the proxy.',
      ),
    ]
  const findings = [await checkKeySet(keys, parts), checkDate(keys, parts)]
  findings.push(await checkCredentials(publicUrl), ...(await checkOrigins(publicUrl, parts)))
  if (trustProxy.length === 0 && !isLoopbackHost(new URL(publicUrl).hostname))
    findings.push(
      warning(
        'proxy',
        'trustProxy is empty: if a proxy is in front, limits count all clients as one',
        'Name the addresses of the proxy in "trustProxy".',
      ),
    )
  return findings
}

async function checkKeySet(response: Response, { keyIds, settings }: PublicUrlParts) {
  const text = await response.text()
  const isOurs = keyIds.every((kid) => text.includes(`"${kid}"`))
  return response.ok && isOurs
    ? ok('proxy', `${settings.publicUrl} leads to this broker`)
    : fault(
        'proxy',
        `${settings.publicUrl} answers ${response.status} with ${response.ok ? 'other keys than this data folder has' : 'no key set'}`,
        'Let the proxy pass every path on to this broker, and check that the server uses this data folder.',
      )
}

function checkDate(response: Response, { settings, now }: PublicUrlParts): Finding {
  const theirs = Date.parse(response.headers.get('date') ?? '')
  const difference = Number.isNaN(theirs) ? 0 : Math.abs(theirs - now())
  return difference <= MAX_DIFFERENCE
    ? ok('clock', `agrees with ${settings.publicUrl}`)
    : fault(
        'clock',
        `differs from ${settings.publicUrl} by ${Math.round(difference / 1000)} s`,
        'Set both clocks, and keep them right with NTP.',
      )
}

/** A token that no server accepts shows that the header arrives: without it the answer is another. */
async function checkCredentials(publicUrl: string): Promise<Finding> {
  const response = await ask(`${publicUrl}/v1/auth/token`, {
    method: 'POST',
    headers: { authorization: 'Bearer doctor' },
  })
  const challenge =
    response instanceof Error ? '' : (response.headers.get('www-authenticate') ?? '')
  return challenge.includes('invalid_token')
    ? ok('proxy', 'passes the Authorization header on')
    : fault(
        'proxy',
        'The Authorization header does not reach the broker, or WWW-Authenticate does not come back',
        'Let the proxy pass both headers on unchanged.',
      )
}

/** The origins of all grants: their pages must be able to read the answer, once. */
async function checkOrigins(
  publicUrl: string,
  { settings }: PublicUrlParts,
): Promise<readonly Finding[]> {
  const origins = new Set(Object.values(settings.grants).flatMap(({ origins = [] }) => origins))
  origins.delete('*')
  const findings: Finding[] = []
  for (const origin of origins) {
    const response = await ask(`${publicUrl}/map-token`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
    const allowed =
      response instanceof Error ? undefined : response.headers.get('access-control-allow-origin')
    findings.push(
      allowed === origin
        ? ok('CORS', `pages of ${origin} can ask for a token`)
        : fault(
            'CORS',
            `A preflight of ${origin} gets ${allowed ? `"${allowed}"` : 'no Access-Control-Allow-Origin'}`,
            allowed?.includes(',')
              ? 'The proxy adds a header of its own: let only the broker send CORS headers.'
              : 'Restart the server with this configuration, and let the proxy pass OPTIONS and its answer on unchanged.',
          ),
    )
  }
  return findings
}

async function ask(url: string, init?: RequestInit): Promise<Response | Error> {
  try {
    return await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT) })
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return cause instanceof Error ? cause : new Error(String(cause))
  }
}
