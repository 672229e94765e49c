import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findProgram, findTileServer } from '../../../scripts/gateways.mjs'
import { root } from '../repository.ts'
import { type RawAnswer, send } from '../servers/raw-request.ts'
import { type StoreVariables, startTopology, type Topology } from './topology.ts'

const TILE = '/data/world/4/8/5.pbf'
const canRun = findProgram('nginx') !== undefined && findTileServer() !== undefined

function build(): void {
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(tsc, ['-b', 'packages/guard', 'server'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect([status, stdout]).toEqual([0, ''])
}

/**
 * The tests of the topology of `deploy/compose.yaml`.
 *
 * @param store Name of the store that the brokers share.
 * @param findVariables Variables of their environment that lead to it.
 */
export function testTopology(
  store: string,
  findVariables: () => StoreVariables | Promise<StoreVariables>,
): void {
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })
  const title = `two brokers on ${store}, nginx and TileServer GL, as deploy/ configures them`
  describe.skipIf(!canRun)(title, () => {
    let topology: Topology
    beforeAll(async () => {
      build()
      topology = await startTopology(await findVariables())
    })
    afterAll(() => topology?.stop())

    const post = (path: string, headers: Record<string, string> = {}) =>
      send(topology.url, path, headers, 'POST')
    const askForToken = async () => {
      const { status, body } = await post('/map-token')
      return { status, token: status === 200 ? JSON.parse(body.toString()).access_token : '' }
    }
    const readTile = (token?: string) =>
      send(topology.url, TILE, token === undefined ? {} : { authorization: `Bearer ${token}` })
    const countRequests = (path: string) =>
      topology.brokers.map(({ log }) => log().split(`"path":"${path}"`).length - 1)

    test('a page gets a token, and with it the tiles of TileServer GL; without it, 401', async () => {
      const { token } = await askForToken()
      const tile = await readTile(token)
      expect([tile.status, tile.headers.vary]).toEqual([200, 'Authorization'])
      expect(gunzipSync(tile.body).length).toBeGreaterThan(100)
      const refused = await readTile()
      expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, '*'])
    })

    test('both brokers give tokens, and each accepts those of the other', async () => {
      const before = countRequests('/map-token')
      const tokens = await Promise.all(Array.from({ length: 10 }, askForToken))
      await expect
        .poll(() => countRequests('/map-token').map((count, index) => count - (before[index] ?? 0)))
        .toEqual([5, 5])
      for (const { token } of tokens) {
        const answers = await Promise.all(
          topology.brokers.map(({ address }) =>
            send(`http://${address}`, '/verify', {
              authorization: `Bearer ${token}`,
              'x-original-uri': TILE,
              'x-original-method': 'GET',
            }),
          ),
        )
        expect(answers.map(({ status }) => status)).toEqual([204, 204])
      }
    })

    test('guards elsewhere read the same keys from both, and API tokens are exchanged', async () => {
      const sets = await Promise.all([1, 2].map(() => send(topology.url, '/.well-known/jwks.json')))
      expect(sets.map(({ status }) => status)).toEqual([200, 200])
      expect(sets[0]?.body.toString()).toBe(sets[1]?.body.toString())
      const created = await topology.tilepass(
        ...['token', 'create', '--account', 'city', '--scope', 'tiles:read'],
      )
      const authorization = `Bearer ${created.trim()}`
      const exchanged = await post('/v1/auth/token', { authorization })
      expect(exchanged.status).toBe(200)
      const { access_token } = JSON.parse(exchanged.body.toString())
      expect((await readTile(access_token)).status).toBe(200)
    })

    test('what only operators need cannot be reached from outside', async () => {
      for (const path of ['/verify', '/_verify', '/healthz', '/readyz', '/metrics'])
        expect([path, (await send(topology.url, path)).status]).toEqual([
          path,
          path === '/_verify' ? 404 : 401,
        ])
    })

    test('F15: while one broker ends and starts again, no request for a token or a tile fails', async () => {
      const [broker] = topology.brokers
      if (!broker) throw new Error('There is no broker')
      const failed: string[] = []
      const counts = { tokens: 0, tiles: 0, exchanges: 0 }
      const created = await topology.tilepass(
        ...['token', 'create', '--account', 'city', '--scope', 'tiles:read'],
      )
      const authorization = `Bearer ${created.trim()}`
      const note = (what: keyof typeof counts, answer: Promise<RawAnswer>) =>
        answer.then(
          ({ status }) => {
            counts[what] += 1
            if (status !== 200) failed.push(`${what}: ${status}`)
          },
          (error: Error) => failed.push(`${what}: ${error.message}`),
        )
      let isOver = false
      const ask = async () => {
        while (!isOver) {
          const { status, token } = await askForToken()
          counts.tokens += 1
          if (status !== 200) failed.push(`tokens: ${status}`)
          await note('tiles', readTile(token))
          await note('exchanges', post('/v1/auth/token', { authorization }))
        }
      }
      const pages = Array.from({ length: 6 }, ask)

      const ended = once(broker.child, 'exit')
      broker.child.kill('SIGTERM')
      // It is not ready at once, and serves until the load balancers have noticed.
      await expect
        .poll(async () => (await fetch(`http://${broker.address}/readyz`)).status)
        .toBe(503)
      expect(await ended).toEqual([0, null])
      const whileAway = { ...counts }
      await expect
        .poll(() => counts.tiles, { timeout: 30_000 })
        .toBeGreaterThan(whileAway.tiles + 20)
      await broker.start()
      const [served = 0] = countRequests('/map-token')
      await expect
        .poll(() => countRequests('/map-token')[0], { timeout: 30_000 })
        .toBeGreaterThan(served + 5)
      isOver = true
      await Promise.all(pages)
      expect(failed).toEqual([])
      expect(Math.min(...Object.values(counts))).toBeGreaterThan(50)
    })

    test('while a broker is gone without a word, the other one answers', async () => {
      const [, broker] = topology.brokers
      broker?.child.kill('SIGKILL')
      const answers = await Promise.all(Array.from({ length: 20 }, askForToken))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      const tiles = await Promise.all(answers.map(({ token }) => readTile(token)))
      expect(new Set(tiles.map(({ status }) => status))).toEqual(new Set([200]))
      await broker?.start()
    })

    test('P6: no token is in any log', async () => {
      const { token } = await askForToken()
      await readTile(token)
      await send(topology.url, `${TILE}?access_token=${token}`)
      const logs = topology.brokers.map(({ log }) => log())
      expect(token).not.toBe('')
      expect([...logs, topology.stderr()].filter((text) => text.includes(token)).length).toBe(0)
    })
  })
}
