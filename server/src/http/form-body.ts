import type { Request } from 'express'
import { InvalidRequestError } from '../errors.ts'
import { assertPlainBody, isEmpty, readBytes } from './json-body.ts'

const FORM = 'application/x-www-form-urlencoded'
const FORM_TYPE = /^application\/x-www-form-urlencoded *(?:; *charset="?utf-8"? *)?$/i

/** The parameters of a form. */
export type Form = ReadonlyMap<string, string>

/**
 * Reads a form; it is empty without a body. Parameters without a value count as absent, and repeated
 * ones are refused (RFC 6749 §3.2). If the host application has parsed the body, the result is used.
 *
 * @throws `BodyTooLargeError`, `UnsupportedMediaTypeError`, `InvalidRequestError`
 */
export async function readFormBody(request: Request): Promise<Form> {
  const { headers } = request
  if (isEmpty(headers)) return new Map()
  assertPlainBody(headers, FORM_TYPE.test(headers['content-type'] ?? ''), FORM)
  const parsed: unknown = request.body
  if (typeof parsed === 'string' || parsed instanceof Uint8Array)
    return collect(parsePairs(Buffer.from(parsed)))
  // The parser of the host application has joined repeated parameters to arrays, which are refused.
  if (typeof parsed === 'object' && parsed !== null) return collect(Object.entries(parsed))
  return collect(parsePairs(await readBytes(request)))
}

function parsePairs(bytes: Uint8Array): Iterable<[string, unknown]> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    // The parser drops one question mark at the beginning, which is part of the first name.
    return new URLSearchParams(`?${text}`)
  } catch {
    throw new InvalidRequestError('Request body must be a form in UTF-8')
  }
}

function collect(pairs: Iterable<[string, unknown]>): Form {
  const form = new Map<string, string>()
  for (const [name, value] of pairs) {
    if (typeof value !== 'string' || form.has(name))
      throw new InvalidRequestError('Parameters must not be repeated')
    form.set(name, value)
  }
  for (const [name, value] of form) if (value === '') form.delete(name)
  return form
}
