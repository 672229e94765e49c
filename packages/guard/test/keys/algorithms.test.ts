import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { createVerifier, InvalidTokenError } from '../../src/index.ts'
import { goodClaims, ISSUER, NOW } from '../support/issuer.ts'

test.each([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
])('%s: a token that jose signed passes, and no changed one', async (alg) => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg }] }
  const options = { issuer: ISSUER, audience: ISSUER, jwks, algorithms: [alg], now: () => NOW }
  const { verify } = createVerifier(options)
  const token = await new SignJWT(goodClaims())
    .setProtectedHeader({ alg, kid: 'k1' })
    .sign(privateKey)
  expect(await verify(token)).toMatchObject({ sub: 'tok_1' })

  const [header = '', , signature = ''] = token.split('.')
  const others = Buffer.from(JSON.stringify({ ...goodClaims(), sub: 'tok_2' })).toString(
    'base64url',
  )
  const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
  for (const changed of [
    `${header}.${others}.${signature}`,
    token.replace(signature, flipped),
    token.replace(signature, signature.slice(0, -4)),
    token.replace(signature, 'AAAA'),
  ])
    await expect(verify(changed)).rejects.toBeInstanceOf(InvalidTokenError)
})
