import { expect, test } from 'vitest'
import { startBroker, watchLog } from '../support/broker-under-test.ts'
import { WORLD } from '../support/second-broker.ts'

const TILE = '/v1/tiles/world/0/0/0.mvt'

async function start(logTiles: number, level = 'info') {
  const { logger, logged } = watchLog()
  logger.level = level
  const broker = await startBroker({ logger, logTiles, tilesets: { world: { path: WORLD } } })
  const { access_token: token } = await (await broker.post('/map-token')).json()
  const read = async (path: string, authorization = `Bearer ${token}`) =>
    (await fetch(broker.url + path, { headers: { authorization } })).status
  const listLines = () =>
    logged()
      .trim()
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text))
      .filter(({ req }) => req)
  return { ...broker, logger, read, listLines }
}

test.each([
  [1, 8],
  [0.25, 2],
  [0, 0],
])('with a share of %s, %s of 8 successful tiles have a line', async (share, expected) => {
  const { read, listLines } = await start(share)
  for (let count = 0; count < 8; count += 1) expect(await read(TILE)).toBe(200)
  // A line that is written later than those of the tiles.
  await read('/healthz')
  await expect.poll(() => listLines().some(({ req }) => req.path === '/healthz')).toBe(true)
  expect(listLines().filter(({ req }) => req.path === TILE)).toHaveLength(expected)
})

test('what was refused, and what is no tile, is logged whatever the share', async () => {
  const { read, listLines } = await start(0)
  await read(TILE, 'Bearer wrong')
  await read('/v1/tiles/world/9/0/0.mvt')
  await read('/v1/tiles/world/metadata')
  await read('/nowhere')
  const tile = { surface: 'geog', route: '/v1/tiles/:tileset/:z/:x/:file' }
  await expect.poll(listLines).toMatchObject([
    { surface: 'map-token', route: '/map-token' },
    { ...tile, res: { statusCode: 401 }, refusal: { code: 'invalid_token' } },
    { ...tile, res: { statusCode: 404 }, refusal: { code: 'not_found' } },
    { surface: 'geog', route: '/v1/tiles/:tileset/metadata' },
    { surface: 'none', route: 'unknown', refusal: { code: 'not_found' } },
  ])
})

test('the level of the log can change while the broker runs', async () => {
  const { read, listLines, logger } = await start(1, 'warn')
  await read('/healthz')
  logger.level = 'info'
  await read('/readyz')
  await expect.poll(() => listLines().map(({ req }) => req.path)).toEqual(['/readyz'])
  logger.level = 'warn'
  await read('/healthz')
  await read('/healthz')
  expect(listLines()).toHaveLength(1)
})
