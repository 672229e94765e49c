// @ts-check
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { SignJWT } from 'jose'

/** Starts an issuer with one key and signs a token with it. */
export async function startIssuer() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const url = `http://127.0.0.1:${port}`
  const token = await new SignJWT({ scope: 'tiles:read', org_id: `org_${randomUUID()}` })
    .setProtectedHeader({ alg: 'RS256', kid: 'k', typ: 'JWT' })
    .setIssuer(url)
    .setAudience(url)
    .setSubject(`tok_short_${randomUUID()}`)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey)
  return { url, jwks: `${url}/jwks.json`, token, close: () => server.close().closeAllConnections() }
}
