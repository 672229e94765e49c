import { expect, test } from 'vitest'
import { openStoreOf } from '../../server/test/support/store-under-test.ts'
import { bearer } from '../support/brokers/bearer.ts'
import { NOW } from '../support/brokers/broker-under-test.ts'
import { listRoutes } from '../support/brokers/list-routes.ts'
import { readDatabase } from '../support/brokers/read-database.ts'
import { DATASET, startTwoAccounts, TILE } from '../support/brokers/two-accounts.ts'

/** A path for each route that has parameters. */
const PATHS: Readonly<Record<string, string>> = {
  '/v1/tiles/:tileset/metadata': '/v1/tiles/world/metadata',
  '/v1/tiles/:tileset/:z/:x/:file': TILE,
  '/v1/places': '/v1/places?q=par',
  '/datasets/:id/download/cog': `/datasets/${DATASET}/download/cog`,
  '/tokens/v2/:username': '/tokens/v2/demo',
  '/scopes/v1/:username': '/scopes/v1/demo',
}

// RFC 9110 §9.2.1: GET and HEAD are safe.
test('X14: no GET or HEAD request writes to the database, whatever credential it carries', async () => {
  const running = await startTwoAccounts()
  const { demo } = running
  const credentials: readonly [string, Record<string, string>][] = [
    ['', {}],
    ...Object.values(demo).map((token): [string, Record<string, string>] => ['', bearer(token)]),
    ...[demo.sk, demo.pk, demo.tk].map((token): [string, Record<string, string>] => [
      `access_token=${token}`,
      {},
    ]),
    [`api_key=${demo.api}`, {}],
    [`token=${demo.download}`, {}],
  ]
  const before = await readDatabase(running.data)
  const served = new Set<string>()
  const routes = listRoutes(running.broker).filter(({ method }) => /^(?:GET|HEAD)$/.test(method))
  for (const { method, path } of routes)
    for (const [query, headers] of credentials) {
      const target = PATHS[path] ?? path
      const url = `${running.url}${target}${target.includes('?') ? '&' : '?'}${query}`
      const response = await fetch(url, { method, headers })
      await response.arrayBuffer()
      if (response.ok) served.add(`${method} ${path}`)
    }
  expect(await readDatabase(running.data)).toEqual(before)
  // The requests did what they are for.
  expect([...served].sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort())
})

test('X14: a listing creates no default token, not even for an account that has lost it', async () => {
  const running = await startTwoAccounts()
  const { db, close } = await openStoreOf(running.data)
  await db.updateTable('api_token').set({ revoked_at: NOW }).where('is_default', '=', 1).execute()
  await close()
  const before = await readDatabase(running.data)
  const query = `default=true&access_token=${running.demo.sk}`
  const listed = await fetch(`${running.url}/tokens/v2/demo?${query}`)
  expect([listed.status, await listed.json()]).toEqual([200, []])
  expect(await readDatabase(running.data)).toEqual(before)
})
