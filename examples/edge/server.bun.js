import { guard } from '@tilepass/guard/fetch'
import { answerFromArchive } from './archives.js'

const { ISSUER, JWKS, PORT = 8000 } = process.env
const tiles = ['/{tileset}/{z}/{x}/{y}.{ext}', { document: '/{tileset}.json' }]
const options = { issuer: ISSUER, audience: ISSUER, jwks: JWKS, scope: 'tiles:read', tiles }
const handler = guard(options, (request) => answerFromArchive(request, process.env))

Bun.serve({ port: PORT, fetch: (request) => handler(request) })
