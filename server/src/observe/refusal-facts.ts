import type { IncomingMessage } from 'node:http'
import { GuardError, InvalidTokenError } from '@tilepass/guard'
import { isRecord } from '@tilepass/guard/broker'
import { BrokerError } from '../errors.ts'

/** Why a request was refused, for the log. It holds no credential. */
export interface RefusalFacts {
  /** Name of the API. */
  readonly surface: string
  /** Code of the refusal, as its client sees it in one spelling or another. */
  readonly code: string
  /** The check that failed, in words. */
  readonly check: string
  /** `Origin` of the request. */
  readonly origin?: string
  /** What the presented token says of itself. Nothing of it is verified. */
  readonly claimed?: ClaimedIdentity | undefined
  /** Name of the grant that was asked for. */
  readonly grant?: string
  /** Name of the account that the grant acts for. */
  readonly account?: string | undefined
}

/** Ids in the payload of a token. */
export type ClaimedIdentity = Readonly<Record<string, string>>

/** Members of a payload that say which token it is and whose; `a` and `u` are those of Mapbox. */
const IDENTITY = ['jti', 'sub', 'parent', 'org_id', 'a', 'u'] as const
const MAX_PAYLOAD = 6_000
const MAX_TEXT = 200

/** Describes a refusal by the error and by what the request says of itself. */
export function describeRefusal(
  error: GuardError | BrokerError,
  request: IncomingMessage,
  surface: string,
): RefusalFacts {
  const { origin } = request.headers
  const token = findPresentedToken(request)
  const claimed = token === undefined ? undefined : describeClaimed(token)
  return {
    surface,
    code: error.code.toLowerCase(),
    check: describeCheck(error),
    ...(origin === undefined ? {} : { origin: origin.slice(0, MAX_TEXT) }),
    ...(claimed ? { claimed } : {}),
  }
}

/** What the client is not told: the `detail` of InvalidTokenError, and the refusals behind a refusal. */
function describeCheck(error: Error): string {
  const { cause } = error
  if (cause instanceof GuardError || cause instanceof BrokerError) return describeCheck(cause)
  if (error instanceof InvalidTokenError) return error.detail
  // Upstreams have a reason that they do not tell the page.
  const reason: unknown = error instanceof BrokerError ? Reflect.get(error, 'reason') : undefined
  return typeof reason === 'string' ? reason : error.message
}

/** The ids that a token claims to have; `undefined` if it has no readable payload. */
export function describeClaimed(token: string): ClaimedIdentity | undefined {
  const [, payload = ''] = token.split('.', 3)
  if (payload === '' || payload.length > MAX_PAYLOAD) return
  const claims = parseRecord(Buffer.from(payload, 'base64url').toString())
  if (!claims) return
  const entries = IDENTITY.flatMap((name) => {
    const value = claims[name]
    return typeof value === 'string' && value !== '' ? [[name, value.slice(0, MAX_TEXT)]] : []
  })
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return
  }
}

/** The token in the header, else in the query. */
function findPresentedToken({ headers, url = '' }: IncomingMessage): string | undefined {
  const { authorization = '', 'x-api-key': key } = headers
  const [, bearer] = /^bearer +(\S+)$/i.exec(authorization) ?? []
  if (bearer !== undefined) return bearer
  if (typeof key === 'string') return key
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  return query.get('access_token') ?? query.get('api_key') ?? undefined
}
