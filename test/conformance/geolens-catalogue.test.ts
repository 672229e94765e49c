import { describe, expect, test } from 'vitest'
import { startBroker } from '../support/brokers/broker-under-test.ts'
import {
  ABSENT,
  COG,
  PRIVATE,
  PUBLIC,
  startGeolensBroker,
} from '../support/brokers/geolens-broker.ts'

describe('the catalogue', () => {
  test('"dataset add" prints only the id; "dataset list" shows every dataset', async () => {
    const { cli } = await startGeolensBroker()
    const added = await cli('dataset', 'add', 'map.2026', COG, '--account', 'demo')
    expect(added.out).toMatch(/^[0-9a-f-]{36}\n$/)
    const list = JSON.parse((await cli('dataset', 'list', '--json')).out)
    expect(list.map(({ name }: { name: string }) => name)).toEqual([
      'earth',
      'earth-private',
      'map.2026',
    ])
    expect(list[2]).toEqual({
      id: added.out.trim(),
      name: 'map.2026',
      account: 'demo',
      path: COG,
      kind: 'raster',
      public: false,
      created: expect.stringMatching(/Z$/),
    })
    expect((await cli('dataset', 'list')).out).toContain('private')
  })

  test.each([
    ['a name with a slash', ['a/b', COG, '--account', 'demo'], 2, 'The name must be'],
    ['a name that is taken', ['earth', COG, '--account', 'demo'], 1, 'already'],
    ['a missing file', ['x', '/nowhere.tif', '--account', 'demo'], 1, 'cannot be read'],
    ['a folder', ['x', '/', '--account', 'demo'], 1, 'cannot be read'],
    ['an unknown account', ['x', COG, '--account', 'nobody'], 1, 'There is no account "nobody"'],
    ['a missing account', ['x', COG], 2, '--account'],
  ])('"dataset add" refuses %s', async (_, args, code, message) => {
    const { cli } = await startGeolensBroker()
    const result = await cli('dataset', 'add', ...args)
    expect([result.code, result.out]).toEqual([code, ''])
    expect(result.error).toContain(message)
  })

  test('"dataset add" refuses a disabled account', async () => {
    const { cli } = await startGeolensBroker()
    await cli('account', 'disable', 'demo')
    const result = await cli('dataset', 'add', 'x', COG, '--account', 'demo')
    expect([result.code, result.out]).toEqual([1, ''])
    expect(result.error).toContain('tilepass account enable demo')
    expect((await cli('dataset', 'list', '--json')).out).not.toContain('"x"')
  })

  test('a configured dataset follows its configuration at every start', async () => {
    const first = await startGeolensBroker()
    const key = await first.createKey()
    const added = await first.cli('dataset', 'add', 'own', COG, '--account', 'demo', '--public')
    await first.broker.close()
    const earth = { id: PUBLIC.toUpperCase(), path: COG, account: 'demo' }
    const { download, cli } = await startGeolensBroker({ data: first.data, datasets: { earth } })
    expect((await download(PUBLIC)).status).toBe(401)
    // Datasets that the configuration no longer lists are gone; datasets added by command stay.
    expect((await download(PRIVATE, `?api_key=${key}`)).status).toBe(404)
    expect((await download(added.out.trim(), '', { method: 'HEAD' })).status).toBe(200)
    expect((await cli('dataset', 'remove', 'own')).code).toBe(0)
    expect((await download(added.out.trim())).status).toBe(401)
    expect((await cli('dataset', 'remove', 'own')).code).toBe(1)
  })

  test('a configured dataset cannot take the name or the id of another dataset', async () => {
    const { data, cli, broker } = await startGeolensBroker()
    await cli('dataset', 'add', 'own', COG, '--account', 'demo')
    await broker.close()
    const own = { id: ABSENT, path: COG, account: 'demo' }
    await expect(startBroker({ data, datasets: { own } })).rejects.toThrow('dataset remove own')
    await expect(startBroker({ data, datasets: { a: own, b: own } })).rejects.toThrow(
      'datasets.b.id: must be unique among the datasets',
    )
  })

  test.each([
    ['id', { id: 'x', path: COG, account: 'demo' }, 'datasets.a.id: must be a UUID'],
    [
      'path',
      { id: PUBLIC, path: '/nowhere', account: 'demo' },
      'datasets.a.path: must be a readable',
    ],
    ['account', { id: PUBLIC, path: COG, account: 'x' }, 'datasets.a.account: must be an account'],
  ])('a configured dataset with an invalid %s stops the start', async (_, dataset, message) => {
    await expect(startBroker({ datasets: { a: dataset } })).rejects.toThrow(message)
  })
})
