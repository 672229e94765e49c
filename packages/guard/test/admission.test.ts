import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { createBudgets, guard } from '../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from './support/issuer.ts'

test.each([
  '/world/%35/3/2.pbf',
  '/world//5/3/2.pbf',
  '/world/5/3/%32.pbf',
  '/WORLD/5/3/2.pbf',
  '/world/5/3/2.pbf/',
  '/archives/world.pmtiles',
  '/somewhere/else',
])('past a budget %s is refused too, however a server reads it', async (path) => {
  const issuer = createTestIssuer()
  const app = express()
  app.use(
    guard({
      issuer: ISSUER,
      audience: ISSUER,
      jwks: issuer.jwks,
      tiles: [
        '/{tileset}/{z}/{x}/{y}.pbf',
        { document: '/{tileset}.json' },
        { archive: '/archives/{tileset}.pmtiles' },
      ],
      budgets: createBudgets({ tilesPerToken: 1, now: () => NOW }),
      now: () => NOW,
    }),
    (_request, response) => void response.send('tile'),
  )
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => server.close().closeAllConnections())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const authorization = `Bearer ${issuer.sign()}`
  const ask = async (target: string) =>
    (await fetch(`http://127.0.0.1:${port}${target}`, { headers: { authorization } })).status
  expect(await ask('/world/5/3/2.pbf')).toBe(200)
  expect(await ask(path)).toBe(429)
  expect(await ask('/world.json')).toBe(200)
})
