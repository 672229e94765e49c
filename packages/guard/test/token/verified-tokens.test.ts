import { describe, expect, test } from 'vitest'
import { createVerifier, InvalidTokenError } from '../../src/index.ts'
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
