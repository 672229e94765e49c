import { describe, expect, test } from 'vitest'
import { NOW } from '../support/brokers/broker-under-test.ts'
import { startMapboxBroker } from '../support/brokers/mapbox-broker.ts'
import { demoData } from '../support/repository.ts'

const tilesets = { world: { path: demoData('world.pmtiles') } }
const TILE = '/v1/tiles/world/0/0/0.mvt'

async function start() {
  const running = await startMapboxBroker({ tilesets })
  const create = async (body: object) =>
    (await running.ask('POST', '/tokens/v2/demo', { body })).body
  const tile = (token: string, headers: Record<string, string> = {}) =>
    fetch(`${running.url}${TILE}?access_token=${encodeURIComponent(token)}`, { headers })
  return { ...running, create, tile }
}

describe('Mapbox tokens at the tiles', () => {
  test('pk and tk with styles:tiles open tiles, in the query and in the header', async () => {
    const { create, tile, url } = await start()
    const pk = (await create({ scopes: ['styles:tiles'] })).token
    const expires = new Date(NOW + 60_000).toISOString()
    const tk = (await create({ scopes: ['styles:tiles'], expires })).token
    for (const token of [pk, tk]) {
      const response = await tile(token)
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        'application/x-protobuf',
      ])
      const headers = { authorization: `Bearer ${token}` }
      expect((await fetch(`${url}${TILE}`, { headers })).status).toBe(200)
    }
  })

  test('a token without styles:tiles, or with restrictions that cannot be checked, is 403', async () => {
    const { create, tile } = await start()
    const others = (await create({ scopes: ['styles:read'] })).token
    const resources = ['mapbox://styles/demo']
    const restricted = (await create({ scopes: ['styles:tiles'], resources })).token
    for (const token of [others, restricted]) expect((await tile(token)).status).toBe(403)
  })

  test('neither a secret nor a forged token opens a tile', async () => {
    const { tile, sk } = await start()
    expect((await tile(sk)).status).toBe(401)
    expect((await tile(`pk.${sk.slice(3)}`)).status).toBe(401)
  })

  test('an expired tk and a deleted pk are refused at once', async () => {
    const { create, tile, clock, ask } = await start()
    const pk = await create({ scopes: ['styles:tiles'] })
    const expires = new Date(NOW + 60_000).toISOString()
    const tk = (await create({ scopes: ['styles:tiles'], expires })).token
    await ask('DELETE', `/tokens/v2/demo/${pk.id}`)
    expect((await tile(pk.token)).status).toBe(401)
    expect((await tile(tk)).status).toBe(200)
    clock.now += 60_000
    const refused = await tile(tk)
    expect([refused.status, await refused.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'TOKEN_EXPIRED' }),
    ])
  })

  test('a pk opens tiles for its own pages; other pages get 403 Forbidden with CORS headers', async () => {
    const { create, tile } = await start()
    const allowedUrls = ['https://maps.example/app']
    const { token } = await create({ scopes: ['styles:tiles'], allowedUrls })
    for (const referer of ['https://maps.example/app', 'https://a.maps.example/app/page?x=1'])
      expect((await tile(token, { referer })).status).toBe(200)
    for (const headers of [
      {},
      { referer: 'https://evil.example/app' },
      { referer: 'https://maps.example/apparel' },
      { origin: 'https://evil.example' },
      { referer: 'https://maps.example/app', origin: 'https://evil.example' },
    ]) {
      const refused = await tile(token, headers)
      expect(refused.status).toBe(403)
      expect(refused.headers.get('access-control-allow-origin')).toBe('*')
      expect(await refused.json()).toMatchObject({ message: 'Forbidden' })
    }
  })

  test('allowedUrls apply at the Tokens API too', async () => {
    const { create, ask } = await start()
    const allowedUrls = ['https://maps.example']
    const { token } = await create({ scopes: ['styles:tiles'], allowedUrls })
    expect(await ask('GET', '/tokens/v2/demo', { token })).toMatchObject({
      status: 403,
      body: { message: 'Forbidden' },
    })
  })

  test('with the Mapbox surface switched off, its tokens open nothing', async () => {
    const { create, tile, data } = await start()
    const { token } = await create({ scopes: ['styles:tiles'] })
    expect((await tile(token)).status).toBe(200)
    const off = await startMapboxBroker({ data, tilesets, surfaces: { mapbox: false } })
    expect((await fetch(`${off.url}${TILE}?access_token=${token}`)).status).toBe(401)
    expect((await fetch(`${off.url}/tokens/v2?access_token=${token}`)).status).toBe(404)
  })
})
