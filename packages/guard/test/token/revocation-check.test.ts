import { describe, expect, test } from 'vitest'
import { createVerifier, InvalidTokenError, type RevocationCheck } from '../../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const token = issuer.sign()
const options = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }

/** A check whose two answers can be set. */
function createCheck() {
  const state = { isRevoked: false, peeked: false as boolean | undefined, calls: 0 }
  const check: RevocationCheck = Object.assign(
    async () => {
      state.calls += 1
      return state.isRevoked
    },
    { peek: () => state.peeked },
  )
  return { state, ...createVerifier({ ...options, isRevoked: check }) }
}

describe('isRevoked', () => {
  test('refuses a remembered token too', async () => {
    const revoked = new Set<string>()
    const { verify } = createVerifier({ ...options, isRevoked: ({ sub = '' }) => revoked.has(sub) })
    await verify(token)
    revoked.add('tok_1')
    await expect(verify(token)).rejects.toThrow(InvalidTokenError)
  })

  test('that fails lets no token pass', async () => {
    const isRevoked = () => Promise.reject(new Error('the store is down'))
    await expect(createVerifier({ ...options, isRevoked }).verify(token)).rejects.toThrow('down')
  })

  test('without peek is called at every use, so recall knows nothing', async () => {
    let calls = 0
    const isRevoked = () => {
      calls += 1
      return false
    }
    const { verify, recall } = createVerifier({ ...options, isRevoked })
    await verify(token)
    expect(recall(token)).toBeUndefined()
    await verify(token)
    expect(calls).toBe(2)
  })
})

describe('peek', () => {
  test('recall answers for a token whose revocation check can be peeked', async () => {
    const { state, verify, recall } = createCheck()
    const claims = await verify(token)
    expect(recall(token)).toBe(claims)
    expect(state.calls).toBe(1)
  })

  test('recall knows nothing when peek is undecided, and verify decides', async () => {
    const { state, verify, recall } = createCheck()
    await verify(token)
    state.peeked = undefined
    expect(recall(token)).toBeUndefined()
    await expect(verify(token)).resolves.toBeDefined()
    state.isRevoked = true
    await expect(verify(token)).rejects.toThrow(InvalidTokenError)
  })

  test('a revocation that peek reports closes the fast path', async () => {
    const { state, verify, recall } = createCheck()
    await verify(token)
    state.peeked = true
    state.isRevoked = true
    expect(recall(token)).toBeUndefined()
    await expect(verify(token)).rejects.toThrow(InvalidTokenError)
  })

  test('gets the claims of the token, as a method of the check', async () => {
    const check = Object.assign((_claims: object) => false, {
      revoked: new Set(['tok_2']),
      peek(this: { revoked: Set<string> }, { sub = '' }: { sub?: string }) {
        return this.revoked.has(sub)
      },
    })
    const { verify, recall } = createVerifier({ ...options, isRevoked: check })
    const second = issuer.sign({ sub: 'tok_2' })
    await verify(token)
    await verify(second)
    expect(recall(token)).toBeDefined()
    expect(recall(second)).toBeUndefined()
  })

  test('that throws lets no token pass', async () => {
    const check = Object.assign(() => false, {
      peek: () => {
        throw new Error('the store is down')
      },
    })
    const { verify, recall } = createVerifier({ ...options, isRevoked: check })
    await verify(token)
    expect(() => recall(token)).toThrow('down')
  })

  test('alone opens nothing: a token that was never verified is unknown', () => {
    expect(createCheck().recall(token)).toBeUndefined()
  })
})

test('a revocation check is a function, with or without peek', () => {
  const plain: RevocationCheck = ({ sub }) => sub === 'tok_2'
  const peekable: RevocationCheck = Object.assign(plain, { peek: () => undefined })
  // @ts-expect-error An answer is true or false.
  const wrong: RevocationCheck = () => 'no'
  for (const isRevoked of [plain, peekable, wrong])
    expect(createVerifier({ ...options, isRevoked })).toHaveProperty('recall')
})
