import { execFileSync } from 'node:child_process'
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVerifier } from '@tilepass/guard'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMint } from '../../src/issuer/mint.ts'
import { SIGNING_ALGORITHMS } from '../../src/issuer/signature.ts'
import { loadSigningKeys } from '../../src/issuer/signing-keys.ts'
import { makeDataFolder, NOW, startBroker } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const url = 'https://maps.example'

/** A token of an issuer whose first key has this algorithm. */
async function signWith(algorithm: (typeof SIGNING_ALGORITHMS)[number]) {
  const store = await openTestStore(makeDataFolder())
  const keys = await loadSigningKeys(store, NOW, algorithm)
  const token = await createMint({ url, keys })({
    sub: 'tok_short_1',
    parent: 'tok_1',
    token_type: 'api_token',
    scope: 'tiles:read',
    iat: NOW / 1000,
    exp: NOW / 1000 + 60,
    tiles: { tilesets: ['world'] },
  })
  return { jwks: keys.jwks, token }
}

describe.each(SIGNING_ALGORITHMS)('a token signed with %s', (algorithm) => {
  test('is accepted by jose', async () => {
    const { jwks, token } = await signWith(algorithm)
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...jwks.keys] }), {
      issuer: url,
      audience: url,
      algorithms: [algorithm],
      currentDate: new Date(NOW),
      crit: { tiles: true },
    })
    expect(payload).toMatchObject({ sub: 'tok_short_1', scope: 'tiles:read' })
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: algorithm, typ: 'JWT' })
  })

  test('is accepted by a guard that expects the algorithm, and by no other', async () => {
    const { jwks, token } = await signWith(algorithm)
    const verify = (algorithms: readonly string[]) =>
      createVerifier({ issuer: url, audience: url, jwks, algorithms, now: () => NOW }).verify(
        token,
        { enforcesTileClaims: true },
      )
    await expect(verify([algorithm])).resolves.toMatchObject({ sub: 'tok_short_1' })
    for (const other of SIGNING_ALGORITHMS.filter((name) => name !== algorithm))
      await expect(verify([other])).rejects.toThrow()
  })

  test('publishes no private member', async () => {
    const { jwks } = await signWith(algorithm)
    for (const key of jwks.keys)
      expect(Object.keys(key).filter((name) => /^(?:d|p|q|dp|dq|qi|oth|k)$/.test(name))).toEqual([])
  })
})

test.each(['RS256', 'EdDSA'] as const)('OpenSSL accepts the signature of %s', async (algorithm) => {
  const { jwks, token } = await signWith(algorithm)
  const [header, payload, signature = ''] = token.split('.')
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-openssl-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const write = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const publicKey = createPublicKey({ key: jwks.keys[0] as JsonWebKey, format: 'jwk' })
  const key = write('key.pem', publicKey.export({ type: 'spki', format: 'pem' }))
  const data = write('data', `${header}.${payload}`)
  const file = write('signature', Buffer.from(signature, 'base64url'))
  const args = ['pkeyutl', '-verify', '-pubin', '-inkey', key, '-rawin', '-in', data]
  const digest = algorithm === 'RS256' ? ['-digest', 'sha256'] : []
  expect(
    execFileSync('openssl', [...args, '-sigfile', file, ...digest], { encoding: 'utf8' }),
  ).toContain('Verified Successfully')
})

test('a broker whose first key is ES256 exchanges its tokens and opens its tiles with them', async () => {
  const { broker, post, createToken } = await startBroker({
    data: makeDataFolder(),
    signing: { algorithm: 'ES256' },
  })
  const headers = { authorization: `Bearer ${await createToken('tiles:read')}` }
  const { access_token: token } = await (await post('/v1/auth/token', {}, headers)).json()
  expect(decodeProtectedHeader(token).alg).toBe('ES256')
  await expect(broker.verifier.verify(token)).resolves.toBeDefined()
})
