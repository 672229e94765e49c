import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import fc from 'fast-check'
import { CompactSign } from 'jose'
import { expect } from 'vitest'
import { createDownloadTokens } from '../../../server/src/issuer/download-tokens.ts'
import type { Target } from '../target.ts'
import { ISSUER_URL, NOW, openIssuer, toSegment } from './own-issuer.ts'

interface Input {
  /** Members of the header besides `alg` and `kid`. */
  readonly header: Readonly<Record<string, unknown>>
  /** JSON text of the payload. */
  readonly payload: string
  /** Replaces a part of the token of this length, at this place. */
  readonly edit: string
  readonly at: number
}

const seconds = NOW / 1000
const DATASET = '9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32'
const odd = fc.constantFrom(null, 0, 1, '1', [], {}, true, '', seconds)
const claims = {
  iss: fc.oneof(fc.constant(ISSUER_URL), odd),
  aud: fc.oneof(fc.constantFrom<unknown>(ISSUER_URL, [ISSUER_URL]), odd),
  jti: fc.oneof(fc.constant('j'), odd),
  iat: fc.oneof(fc.constantFrom(seconds, seconds - 119, seconds - 500), odd),
  exp: fc.oneof(fc.integer({ min: seconds - 1, max: seconds + 121 }), odd),
  typ: fc.oneof(fc.constantFrom('download', 'Download', 'api'), odd),
  scope: fc.oneof(
    fc.constantFrom(`dataset:${DATASET}`, `dataset:${DATASET} x`, `x dataset:${DATASET}`),
    odd,
  ),
  sub: fc.oneof(fc.constantFrom('usr_demo', 'usr_', 'demo', 'usr_other'), odd),
  username: fc.oneof(fc.constantFrom('demo', 'other', ''), odd),
  org_id: fc.oneof(fc.constantFrom('org_1', ''), odd),
  parent: fc.oneof(fc.constantFrom('tok_1', 'fam_1'), odd),
}
const good = { iss: ISSUER_URL, aud: ISSUER_URL, jti: 'j', iat: seconds, exp: seconds + 120 }

/** A ticket comes only from a token whose signature and claims Node's own functions find valid. */
export const downloadToken: Target<Input> = {
  name: 'download-token',
  arbitrary: fc.record({
    header: fc.constantFrom<Input['header']>(
      { typ: 'JWT' },
      { typ: 'JWT' },
      {},
      { typ: 'JWT', x: 1 },
    ),
    payload: fc
      .record(claims, { requiredKeys: [] })
      .map((changed) => ({ ...good, typ: 'download', scope: `dataset:${DATASET}`, ...changed }))
      .map((payload) => JSON.stringify(payload)),
    edit: fc.constantFrom('', '', '', '', '', 'A', '=', '.', '-_'),
    at: fc.nat(500),
  }),
  check: async ({ header, payload, edit, at }) => {
    const { issuer } = await openIssuer()
    const { keys } = issuer
    const signed = await new CompactSign(Buffer.from(payload))
      .setProtectedHeader({ alg: keys.algorithm, kid: keys.keyId, ...header })
      .sign(keys.privateKey)
    const start = Math.abs(Math.trunc(at)) % signed.length
    const token = signed.slice(0, start) + edit + signed.slice(start + edit.length)
    const found = await createDownloadTokens(issuer).findTicket(token)
    if (!found) return false
    const [head = '', body = '', signature = ''] = token.split('.')
    expect(head).toBe(toSegment({ alg: keys.algorithm, kid: keys.keyId, typ: 'JWT' }))
    const [jwk] = keys.jwks.keys
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    const bytes = Buffer.from(signature, 'base64url')
    expect(bytes.toString('base64url')).toBe(signature)
    expect(verify('sha256', Buffer.from(`${head}.${body}`), key, bytes)).toBe(true)
    // jose ignores a byte order mark.
    const read = JSON.parse(
      Buffer.from(body, 'base64url')
        .toString()
        .replace(/^\ufeff/, ''),
    )
    expect([read.iss, [read.aud].flat().includes(ISSUER_URL)]).toEqual([ISSUER_URL, true])
    expect(read.exp).toBeGreaterThan(seconds)
    expect(read.typ === 'download').toBe(found !== 'another kind of token')
    if (found === 'another kind of token') return true
    expect(read.exp - read.iat).toBeLessThanOrEqual(120)
    expect(read.scope).toBe(`dataset:${found.dataset}`)
    const { account, orgId, id } = found.maker ?? {}
    const sub = account === undefined ? undefined : `usr_${account}`
    expect([read.username, read.sub]).toEqual([account, sub])
    if (found.maker) expect([read.org_id, read.parent]).toEqual([orgId, id])
    return true
  },
}
