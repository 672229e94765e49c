import { isRecord } from '@tilepass/guard/broker'
import type { Dispatcher } from 'undici'
import type { Connections } from './connections.ts'
import {
  UpstreamInvalidError,
  UpstreamRefusedError,
  UpstreamTimeoutError,
  UpstreamUnavailableError,
} from './errors.ts'
import { findRetryAfter } from './retry-after.ts'

/** Headers and body of a request. */
export interface Call {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: object
  /** Sent as a form, in place of JSON. */
  readonly form?: Readonly<Record<string, string>>
}

/**
 * Posts to an upstream and resolves to the JSON object of the response. Redirects are not followed, and
 * responses over 64 KiB are refused.
 *
 * @throws `UpstreamUnavailableError` for 408, 429, 5xx and a failed connection; `UpstreamRefusedError`
 *   for other 4xx; `UpstreamInvalidError` for any other response that is not a JSON object.
 */
export type Send = (url: string | URL, call?: Call) => Promise<Readonly<Record<string, unknown>>>

/** Longest response that is read, in bytes. */
const MAX_BYTES = 65_536
/** Error codes of a 4xx that may be logged: registered ones. Nothing else of the response is. */
const CODES = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'invalid_target',
  'invalid_ttl',
  'unauthorized',
  'unauthorized_client',
  'unsupported_grant_type',
])

/**
 * Creates the `send` of one request for a token.
 *
 * @param onDate Gets the upstream's clock from the `Date` header of each response, in epoch ms.
 */
export function createSend(
  connections: Connections,
  signal: AbortSignal,
  onDate: (date: number) => void,
): Send {
  return async (url, { headers = {}, json, form } = {}) => {
    const body = form ? new URLSearchParams(form).toString() : json && JSON.stringify(json)
    const type = form ? 'application/x-www-form-urlencoded' : 'application/json'
    const response = await describeFailures(signal, () =>
      connections.request(url, {
        method: 'POST',
        signal,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': type }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      }),
    )
    const date = Date.parse(String(response.headers.date))
    if (!Number.isNaN(date)) onDate(date)
    await assertSuccess(response, Number.isNaN(date) ? Date.now() : date)
    return parseObject(response, await describeFailures(signal, () => readText(response.body)))
  }
}

/** Reports a network failure by its code alone: its message may quote the request. */
async function describeFailures<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof UpstreamInvalidError) throw error
    if (signal.aborted) throw new UpstreamTimeoutError()
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
    if (code === 'UND_ERR_INVALID_ARG')
      throw new UpstreamInvalidError(`request cannot be sent (${code})`)
    throw new UpstreamUnavailableError(
      typeof code === 'string' ? `connection failed (${code})` : 'connection failed',
    )
  }
}

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > MAX_BYTES) {
      body.destroy()
      throw new UpstreamInvalidError(`response is longer than ${MAX_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Decides by the status at once, where the body does not matter: it may be long, or never end. */
async function assertSuccess(
  { statusCode: status, headers, body }: Dispatcher.ResponseData,
  now: number,
): Promise<void> {
  if (status >= 200 && status < 300) return
  const isRefusal = status >= 400 && status < 500 && status !== 408 && status !== 429
  if (isRefusal) {
    // If the body cannot be read, the refusal is reported without a code.
    const code = findCode(await readText(body).catch(() => ''))
    throw new UpstreamRefusedError(`returned ${status}${code ? ` ${code}` : ''}`)
  }
  // Without a listener, the error of a destroyed stream would end the process.
  body.on('error', () => undefined).destroy()
  if (status === 408 || status === 429 || status >= 500)
    throw new UpstreamUnavailableError(
      `returned ${status}`,
      findRetryAfter(headers['retry-after'], now),
    )
  throw new UpstreamInvalidError(`returned ${status}; redirects are not followed`)
}

function findCode(text: string): string | undefined {
  const error = findObject(text)?.error
  return typeof error === 'string' && CODES.has(error) ? error : undefined
}

function parseObject(
  { headers }: Dispatcher.ResponseData,
  text: string,
): Readonly<Record<string, unknown>> {
  if (!/^(identity)?$/i.test(String(headers['content-encoding'] ?? '')))
    throw new UpstreamInvalidError('response has a content encoding that was not requested')
  if (!/^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i.test(String(headers['content-type'])))
    throw new UpstreamInvalidError('response is not JSON')
  const value = findObject(text)
  if (!value) throw new UpstreamInvalidError('response is not a JSON object')
  return value
}

function findObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return
  }
}
