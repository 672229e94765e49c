// @ts-check
// Runs in a process of its own: what the broker is compared with. Its argument is the name of one of
// these; it sends the URL that it serves, or for work without a server the word "ready".
import { generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto'
import { createServer } from 'node:http'
import express from 'express'
import { Provider } from 'oidc-provider'

const [kind = '', argument = ''] = process.argv.slice(2)

/** The size of an access token's response. */
const ANSWER = { access_token: 'x'.repeat(700), token_type: 'Bearer', expires_in: 3600 }

/** @type {Record<string, () => import('node:http').RequestListener | undefined>} */
const peers = {
  /** An Express route that reads a JSON body and answers with JSON. */
  json: () => {
    const app = express()
    app.use(express.json())
    app.post('/', (_request, response) => {
      response.json(ANSWER)
    })
    return app
  },
  /** Express that serves a file. */
  static: () => {
    const app = express()
    app.use(express.static(argument))
    return app
  },
  /** Node's own server with the same body and answer. */
  http: () => (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text) => {
      body += text
    })
    request.on('end', () => {
      if (body !== '') JSON.parse(body)
      const answer = JSON.stringify(ANSWER)
      response
        .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': answer.length })
        .end(answer)
    })
  },
  /** Client credentials for a JWT, signed with RS256. */
  oidc: () => {
    const resource = 'https://tiles.example'
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }
    const provider = new Provider('http://127.0.0.1', {
      clients: [
        {
          client_id: 'bench',
          client_secret: 'secret',
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          token_endpoint_auth_method: 'client_secret_basic',
        },
      ],
      jwks: { keys: [jwk] },
      scopes: ['tiles:read'],
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => resource,
          getResourceServerInfo: () => ({
            scope: 'tiles:read',
            audience: resource,
            accessTokenTTL: 3600,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          }),
        },
      },
    })
    return provider.callback()
  },
  /** One RSA-2048 signature and one verification, without anything around them. */
  signatures: () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const data = Buffer.from(`${randomUUID()}`.repeat(10))
    process.on('message', ({ count }) => {
      for (let done = 0; done < count; done += 1)
        verify('sha256', data, publicKey, sign('sha256', data, privateKey))
      process.send?.({})
    })
    return undefined
  },
}

const listener = peers[kind]?.()
if (listener) {
  const server = createServer(listener).listen(0, '127.0.0.1', () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
    process.send?.({ url: `http://127.0.0.1:${port}` })
  })
} else process.send?.({ url: 'ready' })
process.on('disconnect', () => process.exit())
