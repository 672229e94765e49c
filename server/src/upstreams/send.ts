import { type Dispatcher, errors, request } from 'undici'
import { isRecord } from '../settings/is-record.ts'
import { UpstreamInvalidError, UpstreamRefusedError, UpstreamUnavailableError } from './errors.ts'
import { parseRetryAfter } from './retry-after.ts'

/** What goes with a request. */
export interface Call {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: object
  /** Sent as a form, in place of JSON. */
  readonly form?: Readonly<Record<string, string>>
}

/**
 * Posts to an upstream and resolves to the JSON object that answers. No redirect is followed, no
 * answer over 64 KiB is read.
 *
 * @throws `UpstreamUnavailableError` for 408, 429, 5xx and no answer; `UpstreamRefusedError` for other
 *   4xx; `UpstreamInvalidError` for anything else that is no JSON object.
 */
export type Send = (url: string | URL, call?: Call) => Promise<Readonly<Record<string, unknown>>>

/** Longest answer that is read, in bytes. */
const MAX_BYTES = 65_536
/** What a 4xx may say of itself in the log: registered codes, and nothing else that it says. */
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
 * Creates the `send` of one exchange.
 *
 * @param onDate Gets the upstream's clock as each answer tells it, in epoch ms.
 */
export function createSend(
  dispatcher: Dispatcher,
  signal: AbortSignal,
  onDate: (date: number) => void,
): Send {
  return async (url, { headers = {}, json, form } = {}) => {
    const body = form ? new URLSearchParams(form).toString() : json && JSON.stringify(json)
    const type = form ? 'application/x-www-form-urlencoded' : 'application/json'
    const answer = await carry(signal, () =>
      request(url, {
        method: 'POST',
        dispatcher,
        signal,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': type }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      }),
    )
    const date = Date.parse(String(answer.headers.date))
    if (!Number.isNaN(date)) onDate(date)
    await assertGood(answer, Number.isNaN(date) ? Date.now() : date)
    return parseObject(answer, await carry(signal, () => readText(answer.body)))
  }
}

/** Whatever goes wrong on the way is told by its code: messages of the network may quote requests. */
async function carry<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof UpstreamInvalidError) throw error
    if (signal.aborted) throw new UpstreamUnavailableError('no answer in time')
    if (error instanceof errors.InvalidArgumentError)
      throw new UpstreamInvalidError('the request cannot be sent (UND_ERR_INVALID_ARG)')
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
    throw new UpstreamUnavailableError(
      typeof code === 'string' ? `no connection (${code})` : 'no connection',
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
      throw new UpstreamInvalidError(`answered more than ${MAX_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What the status says is told at once: a body that nobody needs may be long, or never end. */
async function assertGood(
  { statusCode: status, headers, body }: Dispatcher.ResponseData,
  now: number,
): Promise<void> {
  if (status >= 200 && status < 300) return
  const isRefusal = status >= 400 && status < 500 && status !== 408 && status !== 429
  if (isRefusal) {
    // Without a body that can be read it is the same refusal, without a code.
    const code = findCode(await readText(body).catch(() => ''))
    throw new UpstreamRefusedError(`answered ${status}${code ? ` ${code}` : ''}`)
  }
  // An error of a stream that is destroyed would end the process if nobody listened.
  body.on('error', () => undefined).destroy()
  if (status === 408 || status === 429 || status >= 500)
    throw new UpstreamUnavailableError(
      `answered ${status}`,
      parseRetryAfter(headers['retry-after'], now),
    )
  throw new UpstreamInvalidError(`answered ${status}; redirects are not followed`)
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
    throw new UpstreamInvalidError('answered in an encoding that was not asked for')
  if (!/^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i.test(String(headers['content-type'])))
    throw new UpstreamInvalidError('answered something that is not JSON')
  const value = findObject(text)
  if (!value) throw new UpstreamInvalidError('answered no JSON object')
  return value
}

function findObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return
  }
}
