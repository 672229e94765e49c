import type { Config } from '../../config/schema.ts'
import { namePlace, type StorePlace } from '../../settings/store-place.ts'
import { isLoopback } from '../../settings/url.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

/** How long an answer may take, in ms. */
const TIMEOUT = 5_000
/** How long an answer may be, in bytes. */
const MAX_BODY = 1_048_576
/** How far another clock may differ, in ms: tokens may be from so far in the future. */
const MAX_DIFFERENCE = 30_000

/** What the checks of the public URL work with. */
export interface PublicUrlParts {
  readonly settings: StorePlace &
    Pick<Config, 'publicUrl' | 'trustProxy' | 'grants' | 'surfaces' | 'verify'>
  /** `kid`s of the data folder. */
  readonly keyIds: readonly string[]
  /** Epoch ms. */
  readonly now: () => number
}

/** Checks what clients meet at the public URL: this broker, unchanged by the proxy in front of it. */
export async function checkPublicUrl(parts: PublicUrlParts): Promise<readonly Finding[]> {
  const { publicUrl, trustProxy, surfaces, verify } = parts.settings
  if (publicUrl === undefined) return [warnOfNoPublicUrl(trustProxy.length > 0)]
  const keys = await ask(`${publicUrl}/.well-known/jwks.json`)
  if (keys instanceof Error)
    return [
      fault(
        'proxy',
        `${publicUrl} cannot be reached from here: ${keys.message}`,
        'Start the server, and check DNS, TLS and the proxy.',
      ),
    ]
  const findings = [checkKeySet(keys, parts), checkDate(keys, parts)]
  // Behind a gateway, /v1 may be another server.
  if (surfaces.geog !== false && !verify) findings.push(...(await checkCredentials(publicUrl)))
  if (surfaces['map-token'] !== false) findings.push(...(await checkOrigins(publicUrl, parts)))
  if (trustProxy.length === 0 && !isLoopback(new URL(publicUrl).hostname))
    findings.push(
      warning(
        'proxy',
        'trustProxy is empty: if a proxy is in front, limits count all clients as one',
        'Name the addresses of the proxy in "trustProxy".',
      ),
    )
  return findings
}

function warnOfNoPublicUrl(isBehindProxy: boolean): Finding {
  return isBehindProxy
    ? warning(
        'proxy',
        'publicUrl is not set, so links in answers have the host that the proxy passes on, which a client may choose',
        'Set "publicUrl" to the URL that clients use.',
      )
    : warning(
        'proxy',
        'publicUrl is not set, so links in answers have the address that the server listens on',
        'Behind a proxy, set "publicUrl" to the URL that clients use.',
      )
}

function checkKeySet({ status, text }: Answer, { keyIds, settings }: PublicUrlParts): Finding {
  const { publicUrl } = settings
  const published = listKeyIds(text)
  if (status !== 200 || !published)
    return warning(
      'proxy',
      `${publicUrl}/.well-known/jwks.json answers ${status} with no key set, so whether this broker is there cannot be told`,
      'Let the proxy pass /.well-known/ on to this broker: guards on other servers need it.',
    )
  if (keyIds.length === 0)
    return warning(
      'proxy',
      `Whether ${publicUrl} leads to this broker cannot be told: the ${namePlace(settings)} has no keys yet`,
      'Start the server once.',
    )
  return keyIds.every((kid) => published.includes(kid))
    ? ok('proxy', `${publicUrl} leads to this broker`)
    : fault(
        'proxy',
        `${publicUrl} has other keys than this ${namePlace(settings)}`,
        `Let the proxy pass every path on to this broker, and check that the server uses this ${namePlace(settings)}.`,
      )
}

/** The `kid`s of a key set; `undefined` if it is none. */
function listKeyIds(text: string): readonly unknown[] | undefined {
  try {
    const { keys }: { keys?: unknown } = Object(JSON.parse(text))
    return Array.isArray(keys) ? keys.map((key) => Reflect.get(Object(key), 'kid')) : undefined
  } catch {
    return
  }
}

function checkDate({ headers }: Answer, { settings, now }: PublicUrlParts): Finding {
  const theirs = Date.parse(headers.get('date') ?? '')
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
async function checkCredentials(publicUrl: string): Promise<readonly Finding[]> {
  const answer = await ask(`${publicUrl}/v1/auth/token`, {
    method: 'POST',
    headers: { authorization: 'Bearer doctor' },
  })
  // A proxy that passes on what its pages need may leave this out.
  if (answer instanceof Error || answer.status !== 401) return []
  return answer.headers.get('www-authenticate')?.includes('invalid_token')
    ? [ok('proxy', 'passes the Authorization header on')]
    : [
        fault(
          'proxy',
          'The Authorization header does not reach the broker, or WWW-Authenticate does not come back',
          'Let the proxy pass both headers on unchanged.',
        ),
      ]
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

/** An answer of the public URL. */
interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Asks within 5 s for an answer of at most 1 MiB; redirects are not followed. */
async function ask(url: string, init?: RequestInit): Promise<Answer | Error> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT)
    const { status, headers, body } = await fetch(url, { ...init, redirect: 'manual', signal })
    const chunks: Uint8Array[] = []
    let left = MAX_BODY
    for await (const chunk of body ?? []) {
      left -= chunk.length
      if (left < 0) throw new Error(`the answer is longer than ${MAX_BODY} bytes`)
      chunks.push(chunk)
    }
    return { status, headers, text: Buffer.concat(chunks).toString() }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return cause instanceof Error ? cause : new Error(String(cause))
  }
}
