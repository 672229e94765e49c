import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  BudgetExceededError,
  createBudgets,
  createVerifier,
  InvalidTokenError,
} from '../../src/index.ts'
import { createTestIssuer, encode, goodClaims, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const options = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }

describe('the memory of verified tokens', () => {
  test('two tokens with the same signature or the same payload do not share an entry', async () => {
    const { verify, recall } = createVerifier(options)
    const token = issuer.sign()
    await verify(token)
    const [header, payload, signature] = token.split('.')
    const forgedClaims = encode({ ...goodClaims(), scope: 'admin:access' })
    for (const forged of [
      `${header}.${forgedClaims}.${signature}`,
      `${header}.${payload}.${'A'.repeat(342)}`,
    ]) {
      expect(recall(forged)).toBeUndefined()
      await expect(verify(forged)).rejects.toThrow(InvalidTokenError)
      expect(recall(forged)).toBeUndefined()
    }
    expect(recall(token)).toBeDefined()
  })

  test('another spelling of a remembered token is not that token', async () => {
    const { verify, recall } = createVerifier(options)
    const token = issuer.sign()
    await verify(token)
    for (const spelling of [`${token}=`, `${token}\n`, ` ${token}`, token.replace('.', '.\t')]) {
      expect(recall(spelling)).toBeUndefined()
      await expect(verify(spelling)).rejects.toThrow(InvalidTokenError)
    }
  })

  test('knows only tokens that were verified', async () => {
    const { verify, recall } = createVerifier(options)
    const invalid = issuer.sign({ aud: 'https://else.example' })
    await expect(verify(invalid)).rejects.toThrow(InvalidTokenError)
    expect(recall(invalid)).toBeUndefined()
    expect(recall(issuer.sign())).toBeUndefined()
  })

  test('forgets the oldest token first', async () => {
    const { verify, recall } = createVerifier({ ...options, cacheSize: 2 })
    const tokens = ['a', 'b', 'c'].map((jti) => issuer.sign({ jti }))
    for (const token of tokens) await verify(token)
    expect(tokens.map((token) => recall(token)?.jti)).toEqual([undefined, 'b', 'c'])
  })

  test('of size 0 remembers nothing', async () => {
    const { verify, recall } = createVerifier({ ...options, cacheSize: 0 })
    const token = issuer.sign()
    await verify(token)
    expect(recall(token)).toBeUndefined()
  })
})

describe('the two forms of an ECDSA signature, (r, s) and (r, n − s), are one token', () => {
  const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'e1', alg: 'ES256', use: 'sig' }
  const elliptic = { ...options, algorithms: ['ES256'], jwks: { keys: [jwk] } }

  const signTwins = (claims: object = {}): string[] => {
    const header = encode({ alg: 'ES256', typ: 'JWT', kid: 'e1' })
    const input = `${header}.${encode({ ...goodClaims(), ...claims })}`
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
    const signature = sign('sha256', Buffer.from(input), key)
    const s = BigInt(`0x${signature.subarray(32).toString('hex')}`)
    const other = Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex')
    const twin = Buffer.concat([signature.subarray(0, 32), other])
    return [signature, twin].map((bytes) => `${input}.${bytes.toString('base64url')}`)
  }

  test('both are genuine, whichever is the low one', async () => {
    const { verify, recall } = createVerifier(elliptic)
    const claims = await Promise.all(signTwins().map((token) => verify(token)))
    expect(claims[0]).toEqual(claims[1])
    for (const token of signTwins()) {
      expect(recall(token)).toBeUndefined()
      await verify(token)
      expect(recall(token)).toEqual(claims[0])
    }
  })

  test('they share one budget', async () => {
    const { verify } = createVerifier(elliptic)
    const budgets = createBudgets({ tilesPerToken: 2, now: () => NOW })
    const [one, twin] = await Promise.all(signTwins().map((token) => verify(token)))
    if (!one || !twin) throw new Error('expected two tokens')
    await budgets.consume(one, true)
    await budgets.consume(twin, true)
    for (const claims of [one, twin])
      expect(() => budgets.consume(claims, true)).toThrow(BudgetExceededError)
  })

  test('they are revoked together', async () => {
    const revoked = new Set<string>()
    const isRevoked = ({ jti }: { jti: string }) => revoked.has(jti)
    const { verify, recall } = createVerifier({ ...elliptic, isRevoked })
    const twins = signTwins({ jti: 'twin' })
    for (const token of twins) await verify(token)
    revoked.add('twin')
    for (const token of twins) {
      expect(recall(token)).toBeUndefined()
      await expect(verify(token)).rejects.toThrow(InvalidTokenError)
    }
  })
})
