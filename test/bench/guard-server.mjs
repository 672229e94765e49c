import { randomBytes } from 'node:crypto'
import { guard } from '@tilepass/guard'
import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'

/** One Express route with a tile of 2 kB, behind nothing, the guard, or its peer. */
const [kind, issuer, jwks] = process.argv.slice(2)
const tile = randomBytes(2048)
const app = express()
if (kind === 'guard')
  app.use(guard({ issuer, audience: issuer, jwks, scope: 'tiles:read', tokenType: null }))
if (kind === 'peer') app.use(auth({ issuer, audience: issuer, jwksUri: jwks }))
app.get('/tile', (_request, response) => {
  response.set('Content-Type', 'application/x-protobuf').send(tile)
})
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))

/** Answers with the CPU time that this process has used so far, in µs. */
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ cpu: user + system })
})
process.on('disconnect', () => process.exit())
