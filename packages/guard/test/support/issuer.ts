import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { JsonWebKeySet } from '../../src/index.ts'

export const ISSUER = 'https://issuer.example'
/** Epoch ms of the fake clocks, a whole second. */
export const NOW = 1_800_000_000_000

/** An issuer that signs any input, valid or not. */
export interface TestIssuer {
  readonly jwks: JsonWebKeySet
  readonly publicKey: KeyObject
  /** Signs a valid token that is restricted to these tiles, with the header that marks it so. */
  signTiles(tiles: unknown, payload?: Record<string, unknown>): string
  /** Signs a valid token with some members replaced; `undefined` removes a member. */
  sign(payload?: Record<string, unknown>, header?: Record<string, unknown>): string
  /** Signs exactly these two segments. */
  signSegments(header: string, payload: string): string
}

export function createTestIssuer(kid = 'k1'): TestIssuer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }
  const signSegments = (header: string, payload: string) => {
    const input = `${header}.${payload}`
    return `${input}.${createSign('sha256').update(input).sign(privateKey, 'base64url')}`
  }
  const sign: TestIssuer['sign'] = (payload = {}, header = {}) =>
    signSegments(
      encode({ alg: 'RS256', typ: 'JWT', kid, ...header }),
      encode({ ...goodClaims(), ...payload }),
    )
  return {
    jwks: { keys: [jwk] },
    publicKey,
    signSegments,
    sign,
    signTiles: (tiles, payload = {}) =>
      sign({ tiles, ...payload }, { crit: ['tiles'], tiles: true }),
  }
}

export function goodClaims() {
  return {
    iss: ISSUER,
    aud: ISSUER,
    sub: 'tok_1',
    jti: 'j1',
    iat: NOW / 1000,
    exp: NOW / 1000 + 60,
    scope: 'tiles:read',
    token_type: 'api_token',
    org_id: 'org_1',
  }
}

export function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString(
    'base64url',
  )
}
