// @ts-check
// Runs in a process of its own: serves the broker, or its peer, which is an asynchronous route of a bare
// Express app. Prints its port. For each line on standard input it prints its memory, in bytes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createBroker } from '@tilepass/broker'
import express from 'express'

const folder = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

async function startBroker() {
  const broker = await createBroker({ data: folder, demo: true })
  return (await broker.listen(0)).port
}

function startPeer() {
  const app = express()
  const body = { keys: [{ kty: 'RSA', n: 'n'.repeat(342), e: 'AQAB' }] }
  app.get(['/healthz', '/.well-known/jwks.json'], async (_request, response) => {
    await undefined
    response.json(body)
  })
  const server = app.listen(0, '127.0.0.1')
  return new Promise((resolve) => {
    server.once('listening', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address?.port)
    })
  })
}

const port = await (process.argv[2] === 'peer' ? startPeer() : startBroker())
process.stdout.write(`${port}\n`)
createInterface({ input: process.stdin }).on('line', () => {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  process.stdout.write(`${JSON.stringify({ rss, heapUsed })}\n`)
})
