import { createHmac, timingSafeEqual } from 'node:crypto'
import { isCanonicalBase64url } from '@tilepass/guard/broker'
import { z } from 'zod'
import type { SecretKeys } from '../secret-keys.ts'

/** How a Mapbox token begins: public, secret or temporary. */
export type MapboxUsage = 'pk' | 'sk' | 'tk'

/** Temporary tokens have no id: this one stands for all of them. */
export const TEMPORARY_TOKEN_ID = 'mapbox_tk'

/** Payload of `pk` and `sk`: the user name, and the id of the registry row that holds the rights. */
export interface ReferencePayload {
  readonly u: string
  readonly a: string
}

/** Payload of `tk`, which contains its rights; times in whole seconds since 1970. */
export interface TemporaryPayload {
  readonly u: string
  readonly exp: number
  readonly iat: number
  readonly scopes: readonly string[]
  readonly client: 'api'
  /** Id of the lasting token that it came from; tokens of older versions lack it. */
  readonly a?: string | undefined
  /** Organisation of the account; tokens of older versions lack it. */
  readonly o?: string | undefined
}

/** A token that has the right form. Nothing in it can be trusted unless `isGenuine` is true. */
export type ParsedMapboxToken = (
  | { readonly usage: 'pk' | 'sk'; readonly payload: ReferencePayload }
  | { readonly usage: 'tk'; readonly payload: TemporaryPayload }
) & { readonly isGenuine: boolean }

/** Writes and reads tokens in Mapbox format. */
export interface MapboxCodec {
  /** Loads keys that any process has rotated or revoked. Call it before reading and writing. */
  refresh(): Promise<void>
  /** The string of a public or secret token: the same every time. */
  writeReference(usage: 'pk' | 'sk', payload: ReferencePayload): string
  writeTemporary(payload: TemporaryPayload): string
  /** Reads a token; `undefined` if it does not have the right form. */
  read(token: string): ParsedMapboxToken | undefined
}

/** Does this begin like a token in Mapbox format? */
export function isMapboxToken(token: string): boolean {
  return /^[pst]k\./.test(token)
}

/** Longest token that is looked at, in characters. */
const MAX_LENGTH = 4096
const FORM = /^(pk|sk|tk)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{22})$/
/** Bytes of the HMAC-SHA-256 in a token: 128 bits, 22 characters. */
const SIGNATURE_BYTES = 16
/** The last second of the year 9999. */
const MAX_SECONDS = 253_402_300_799
/** Longest lifetime of a temporary token, in seconds, with what rounding and a fast clock may add. */
export const MAX_TEMPORARY_SECONDS = 3_611

const referenceSchema = z.object({ u: z.string().min(1), a: z.string().min(1) })
const seconds = z.int().min(0).max(MAX_SECONDS)
const temporarySchema = z
  .object({
    u: z.string().min(1),
    exp: seconds,
    iat: seconds,
    scopes: z.array(z.string()),
    client: z.literal('api'),
    a: z.string().min(1).optional(),
    o: z.string().min(1).optional(),
  })
  .refine(({ exp, iat }) => exp > iat && exp - iat <= MAX_TEMPORARY_SECONDS)

/**
 * Creates the codec of the keys, which must be loaded: see `refresh()`. The signature covers the kind as
 * well, so that a `pk` cannot be made into an `sk`.
 */
export function createMapboxCodec(keys: SecretKeys): MapboxCodec {
  const signWith = (key: Uint8Array, content: string) =>
    createHmac('sha256', key).update(content).digest().subarray(0, SIGNATURE_BYTES)
  const sign = (content: string) => {
    const [newest] = keys.all
    if (!newest) throw new Error('The keys of Mapbox tokens have not been loaded')
    return signWith(newest, content)
  }
  const isSigned = (content: string, signature: Uint8Array) =>
    keys.all.some((key) => timingSafeEqual(signature, signWith(key, content)))
  const write = (usage: MapboxUsage, payload: object) => {
    const content = `${usage}.${encodePayload(payload)}`
    return `${content}.${sign(content).toString('base64url')}`
  }

  return {
    refresh: keys.refresh,
    writeReference: (usage, { u, a }) => write(usage, { u, a }),
    writeTemporary: ({ u, exp, iat, scopes, client, a, o }) =>
      write('tk', { u, exp, iat, scopes, client, a, o }),
    read: (token) => {
      if (token.length > MAX_LENGTH) return
      const [, usage, body, signature] = FORM.exec(token) ?? []
      if (usage === undefined || body === undefined || signature === undefined) return
      const payload = parsePayload(body)
      if (payload === undefined) return
      // Equal bytes are not enough: the last character has bits that decoding ignores.
      const isGenuine =
        isCanonicalBase64url(signature) &&
        isSigned(`${usage}.${body}`, Buffer.from(signature, 'base64url'))
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
 * Clients decode the payload with standard base64, which has neither `-` nor `_`. ASCII text leads to
 * them only by `>`, `?`, `~` and DEL, so these are escaped like everything beyond ASCII.
 */
function encodePayload(payload: object): string {
  const ascii = JSON.stringify(payload).replace(
    /[>?~\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return Buffer.from(ascii, 'latin1').toString('base64url')
}

function parsePayload(body: string): unknown {
  if (!isCanonicalBase64url(body)) return
  try {
    const bytes = Buffer.from(body, 'base64url')
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return
  }
}
