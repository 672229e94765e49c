import { guard } from '@tilepass/guard/fetch'
import { answerFromArchive } from './archives.js'

const { ISSUER, JWKS, PORT } = Deno.env.toObject()
const tiles = ['/{tileset}/{z}/{x}/{y}.{ext}', { document: '/{tileset}.json' }]
const options = { issuer: ISSUER, audience: ISSUER, jwks: JWKS, scope: 'tiles:read', tiles }
const handler = guard(options, (request) => answerFromArchive(request, Deno.env.toObject()))

Deno.serve({ port: Number(PORT ?? 8000) }, (request) => handler(request))
