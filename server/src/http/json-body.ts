import type { IncomingHttpHeaders } from 'node:http'
import { isRecord } from '@tilepass/guard/broker'
import type { Request } from 'express'
import { BodyTooLargeError, InvalidRequestError, UnsupportedMediaTypeError } from '../errors.ts'

/** Longest body of a JSON route, in bytes. */
const MAX_BYTES = 8192
const JSON_TYPE = /^application\/json *(?:; *charset="?utf-8"? *)?$/i

/** The JSON object of a request. It may inherit members, so only own ones count. */
export type JsonBody = Readonly<Record<string, unknown>>

/**
 * Reads the JSON object of a request; `{}` without a body. If the host application has parsed the body
 * into `request.body`, that is used.
 *
 * @throws `BodyTooLargeError`, `UnsupportedMediaTypeError`, `InvalidRequestError`
 */
export async function readJsonBody(request: Request): Promise<JsonBody> {
  const { headers } = request
  if (isEmpty(headers)) return {}
  const { 'content-type': type } = headers
  assertPlainBody(headers, type === undefined || JSON_TYPE.test(type))
  const parsed: unknown = request.body
  if (parsed !== undefined && typeof parsed !== 'string' && !(parsed instanceof Uint8Array))
    return parseObject(parsed)
  const bytes = parsed === undefined ? await readBytes(request) : Buffer.from(parsed)
  return bytes.length === 0 ? {} : parseObject(parseJson(bytes))
}

/**
 * Does the request have a body that says it is JSON? A page of another site cannot send one without a
 * preflight request. A body without a type is read as JSON, but does not count here.
 */
export function hasJsonBody({ headers }: Request): boolean {
  return !isEmpty(headers) && JSON_TYPE.test(headers['content-type'] ?? '')
}

/**
 * @param isType Is the body of a type that the route takes?
 * @param type The type that the error names.
 * @throws {@link UnsupportedMediaTypeError} for another type, and for a compressed body.
 */
export function assertPlainBody(
  headers: IncomingHttpHeaders,
  isType: boolean,
  type?: string,
): void {
  const isPlain = /^(identity)?$/i.test(headers['content-encoding'] ?? '')
  if (!isType || !isPlain) throw new UnsupportedMediaTypeError(type)
}

/** Reads an optional member that must be a string. @throws {@link InvalidRequestError} */
export function findText(body: JsonBody, name: string): string | undefined {
  if (!Object.hasOwn(body, name)) return
  const value = body[name]
  if (typeof value !== 'string') throw new InvalidRequestError(`"${name}" must be a string`)
  return value
}

/**
 * Refuses members that a route does not know, where a mistyped one would silently change the result.
 *
 * @throws {@link InvalidRequestError} naming the first one and those that are known.
 */
export function assertMembers(body: JsonBody, known: readonly string[]): void {
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  if (unknown === undefined) return
  // A client may put anything there, a token included.
  const shown = /^[a-z_]{1,32}$/i.test(unknown) ? ` (given: "${unknown}")` : ''
  const names = known.map((name) => `"${name}"`).join(' and ')
  throw new InvalidRequestError(`The members of the body must be ${names}${shown}`)
}

/**
 * Reads a body of at most 8 KiB.
 *
 * A longer one is refused at once, and the rest of it is read and discarded: a client whose connection
 * is closed while it sends may never see the 413 (RFC 9112 §9.6).
 *
 * @throws `BodyTooLargeError`, `InvalidRequestError` for an incomplete body
 */
export function readBytes(request: Request): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BYTES) {
        stop()
        request.resume()
        reject(new BodyTooLargeError())
      } else chunks.push(chunk)
    }
    const onEnd = () => {
      stop()
      resolve(Buffer.concat(chunks))
    }
    const onFailure = () => {
      stop()
      reject(new InvalidRequestError('Request body is incomplete'))
    }
    const stop = () =>
      request.off('data', onData).off('end', onEnd).off('error', onFailure).off('close', onFailure)
    request.on('data', onData).on('end', onEnd).on('error', onFailure).on('close', onFailure)
    if (request.readableEnded) onEnd()
    else if (request.destroyed) onFailure()
  })
}

/** Do these headers announce no body? */
export function isEmpty(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] === undefined && !Number(headers['content-length'] ?? 0)
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    throw new InvalidRequestError()
  }
}

function parseObject(value: unknown): JsonBody {
  if (!isRecord(value)) throw new InvalidRequestError('Request body must be a JSON object')
  return value
}
