import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** How a Mapbox token begins: public, secret or temporary. */
export type MapboxUsage = 'pk' | 'sk' | 'tk'

/** Payload of `pk` and `sk`: the user name, and the id of the registry row that holds the rights. */
export interface ReferencePayload {
  readonly u: string
  readonly a: string
}

/** Payload of `tk`, which holds its rights itself; times in whole seconds since 1970. */
export interface TemporaryPayload {
  readonly u: string
  readonly exp: number
  readonly iat: number
  readonly scopes: readonly string[]
  readonly client: 'api'
}

/** A token whose form was read; nothing in it is trusted before `isGenuine` was looked at. */
export type ParsedMapboxToken = (
  | { readonly usage: 'pk' | 'sk'; readonly payload: ReferencePayload }
  | { readonly usage: 'tk'; readonly payload: TemporaryPayload }
) & { readonly isGenuine: boolean }

/** Writes and reads tokens in Mapbox format. */
export interface MapboxCodec {
  /** The string of a public or secret token: the same every time. */
  writeReference(usage: 'pk' | 'sk', payload: ReferencePayload): string
  writeTemporary(payload: TemporaryPayload): string
  /** Reads a token; `undefined` if it has not the form of one. */
  parse(token: string): ParsedMapboxToken | undefined
}

/** Longest token that is looked at. */
const MAX_LENGTH = 4096
const FORM = /^(pk|sk|tk)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{22})$/
/** Bytes of HMAC-SHA-256 that are kept: 128 bits, 22 characters. */
const SIGNATURE_BYTES = 16
/** The last second that a four-digit year can say. */
const MAX_SECONDS = 253_402_300_799

const referenceSchema = z.object({ u: z.string().min(1), a: z.string().min(1) })
const seconds = z.int().min(0).max(MAX_SECONDS)
const temporarySchema = z.object({
  u: z.string().min(1),
  exp: seconds,
  iat: seconds,
  scopes: z.array(z.string()),
  client: z.literal('api'),
})

/**
 * Creates the codec of one key. The signature covers the kind as well: a `pk` is no `sk` with
 * another beginning.
 *
 * @param key At least 16 random bytes.
 */
export function createMapboxCodec(key: Uint8Array): MapboxCodec {
  if (key.length < SIGNATURE_BYTES) throw new RangeError('"key" must have at least 128 bits')

  const sign = (content: string) =>
    createHmac('sha256', key).update(content).digest().subarray(0, SIGNATURE_BYTES)
  const write = (usage: MapboxUsage, payload: object) => {
    const content = `${usage}.${encodePayload(payload)}`
    return `${content}.${sign(content).toString('base64url')}`
  }

  return {
    writeReference: (usage, { u, a }) => write(usage, { u, a }),
    writeTemporary: ({ u, exp, iat, scopes, client }) =>
      write('tk', { u, exp, iat, scopes, client }),
    parse: (token) => {
      if (token.length > MAX_LENGTH) return
      const [, usage, body, signature] = FORM.exec(token) ?? []
      if (usage === undefined || body === undefined || signature === undefined) return
      const payload = parsePayload(body)
      if (payload === undefined) return
      const given = Buffer.from(signature, 'base64url')
      // Equal bytes are not enough: the last character has bits that decoding ignores.
      const isCanonical = given.toString('base64url') === signature
      const isGenuine = isCanonical && timingSafeEqual(given, sign(`${usage}.${body}`))
      if (usage === 'tk') {
        const temporary = temporarySchema.safeParse(payload)
        return temporary.success ? { usage, payload: temporary.data, isGenuine } : undefined
      }
      if (usage !== 'pk' && usage !== 'sk') return
      const reference = referenceSchema.safeParse(payload)
      return reference.success ? { usage, payload: reference.data, isGenuine } : undefined
    },
  }
}

/**
 * Clients decode the payload with standard base64, which has neither `-` nor `_`. ASCII needs them
 * only for `>`, `?`, `~` and DEL, so these are escaped like everything beyond ASCII.
 */
function encodePayload(payload: object): string {
  const ascii = JSON.stringify(payload).replace(
    /[>?~\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return Buffer.from(ascii, 'latin1').toString('base64url')
}

function parsePayload(body: string): unknown {
  try {
    const bytes = Buffer.from(body, 'base64url')
    if (bytes.toString('base64url') !== body) return
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return
  }
}
