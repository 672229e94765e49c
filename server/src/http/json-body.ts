import type { Request } from 'express'
import { BodyTooLargeError, InvalidRequestError, UnsupportedMediaTypeError } from '../errors.ts'
import { isRecord } from '../settings/is-record.ts'

/** Longest body of a JSON route, in bytes. */
const MAX_BYTES = 8192
const JSON_TYPE = /^application\/json *(?:; *charset="?utf-8"? *)?$/i

/**
 * Reads a request's JSON object: `{}` when there is no body. Uses what the host application's parser
 * left in `request.body`, if anything.
 *
 * Only members that the object itself has may be read from the result (`Object.hasOwn`).
 *
 * @throws `BodyTooLargeError`, `UnsupportedMediaTypeError`, `InvalidRequestError`
 */
export async function readJsonBody(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const { headers } = request
  if (headers['transfer-encoding'] === undefined && !Number(headers['content-length'] ?? 0))
    return {}
  const type = headers['content-type']
  if (type !== undefined && !JSON_TYPE.test(type)) throw new UnsupportedMediaTypeError()
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? ''))
    throw new UnsupportedMediaTypeError()
  const parsed: unknown = request.body
  if (parsed !== undefined && typeof parsed !== 'string' && !(parsed instanceof Uint8Array))
    return parseObject(parsed)
  const bytes = parsed === undefined ? await readBytes(request) : Buffer.from(parsed)
  return bytes.length === 0 ? {} : parseObject(parseJson(bytes))
}

/**
 * Reads a body of at most 8 KiB.
 *
 * A longer one is refused at once, and what is still to come is read and forgotten: a client that is
 * cut off while it sends may never see the 413 (RFC 9112 §9.6).
 *
 * @throws `BodyTooLargeError`, `InvalidRequestError` for one that breaks off
 */
export async function readBytes(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    // The iterator would destroy the socket on leaving early, and the 413 with it.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > MAX_BYTES) break
      chunks.push(chunk)
    }
  } catch {
    throw new InvalidRequestError('Request body is incomplete')
  }
  if (size <= MAX_BYTES) return Buffer.concat(chunks)
  request.resume()
  throw new BodyTooLargeError()
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new InvalidRequestError()
  }
}

function parseObject(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new InvalidRequestError('Request body must be a JSON object')
  return value
}
