import { describe, expect, test } from 'vitest'
import { NOW } from '../support/brokers/broker-under-test.ts'
import {
  iso,
  type Metadata,
  PATH,
  payloadOf,
  startMapboxBroker,
} from '../support/brokers/mapbox-broker.ts'
import { demoData } from '../support/repository.ts'

const TILE = '/v1/tiles/world/0/0/0.mvt'
const SCOPES = ['tokens:read', 'tokens:write', 'styles:tiles', 'styles:read']
const OUTLIVES = 'expires may not be greater than the expiration of the authorizing token'
const APPS = [{ platform: 'iOS', bundleId: 'com.example' }]
const refused = (message: string) => ({ status: 422, body: { message } })

async function start() {
  const running = await startMapboxBroker({
    tilesets: { world: { path: demoData('world.pmtiles') } },
  })
  const { ask, url } = running
  const create = async (body: object, token = running.sk) =>
    (await ask('POST', PATH, { body, token })).body
  const list = async () => (await ask<Metadata[]>('GET', PATH)).body
  const find = async (id: string) => (await list()).find((token) => token.id === id)
  const tile = async (token: string) => (await fetch(`${url}${TILE}?access_token=${token}`)).status
  return { ...running, create, list, find, tile }
}

describe('X12: a temporary token', () => {
  test('creates no token that outlives it, neither without an end nor with a later one', async () => {
    const { ask, create, list } = await start()
    const { token } = await create({ expires: iso(NOW + 3_000), scopes: SCOPES })
    const before = await list()
    for (const body of [
      { scopes: ['styles:tiles'] },
      { scopes: ['tokens:write'] },
      { scopes: [], note: 'x' },
      {},
      { expires: iso(NOW + 4_000), scopes: [] },
    ])
      expect(await ask('POST', PATH, { token, body })).toMatchObject(refused(OUTLIVES))
    expect(await list()).toEqual(before)
    const { token: child } = await create({ expires: iso(NOW + 3_000), scopes: [] }, token)
    expect(payloadOf(child).exp).toBe(NOW / 1000 + 3)
  })

  test.each([
    ['scopes', { scopes: ['tokens:write'] }, 403],
    ['allowed URLs', { allowedUrls: ['https://a.example'] }, 403],
    ['resources', { resources: ['r'] }, 403],
    ['applications', { allowedApplications: APPS }, 403],
    ['note', { note: 'x' }, 200],
  ])('opens no tiles once its sk may not, after a change of %s', async (_, change, status) => {
    const { ask, create, tile } = await start()
    const { id, token: sk } = await create({ scopes: SCOPES })
    const { token } = await create({ expires: iso(NOW + 60_000), scopes: ['styles:tiles'] }, sk)
    const { token: child } = await create({ expires: iso(NOW + 60_000), scopes: SCOPES }, sk)
    const { token: grandchild } = await create(
      { expires: iso(NOW + 60_000), scopes: ['styles:tiles'] },
      child,
    )
    expect([await tile(token), await tile(grandchild)]).toEqual([200, 200])
    expect((await ask('PATCH', `${PATH}/${id}`, { token: sk, body: change })).status).toBe(200)
    expect([await tile(token), await tile(grandchild)]).toEqual([status, status])
  })

  test('changes and deletes no token, whether it exists or not', async () => {
    const { ask, create, list } = await start()
    const { id } = await create({ scopes: ['styles:read'], resources: ['r'] })
    const { token } = await create({ expires: iso(NOW + 60_000), scopes: SCOPES })
    const before = await list()
    for (const one of [id, `c${'0'.repeat(24)}`]) {
      for (const body of [{ note: 'x' }, { resources: null }, {}])
        expect(await ask('PATCH', `${PATH}/${one}`, { token, body })).toMatchObject(
          refused(OUTLIVES),
        )
      expect(await ask('DELETE', `${PATH}/${one}`, { token })).toMatchObject(refused(OUTLIVES))
    }
    expect(await list()).toEqual(before)
  })
})

const RESTRICTIONS = [
  ['allowedUrls', ['https://maps.example/app'], ['https://maps.example/app/x'], ['maps.example']],
  ['resources', ['mapbox://a', 'mapbox://b'], ['mapbox://b'], ['mapbox://c']],
  ['allowedApplications', APPS, APPS, [{ platform: 'Android', bundleId: 'com.example' }]],
] as const

describe.each(RESTRICTIONS)(
  'X12: a token that is restricted by %s',
  (name, held, narrower, other) => {
    // The request of a page that the restricted token permits.
    const headers = { referer: 'https://maps.example/app/x' }
    const startRestricted = async () => {
      const running = await start()
      const { token, id } = await running.create({ scopes: SCOPES, [name]: held })
      return { ...running, token, id }
    }

    test('passes it on to what it creates, and cannot lift it', async () => {
      const { ask, token, tile } = await startRestricted()
      const post = (body: object) => ask('POST', PATH, { token, headers, body })
      for (const scopes of [['styles:tiles'], ['tokens:write']]) {
        expect((await post({ scopes })).body).toMatchObject({ [name]: held })
        const { body } = await post({ scopes, [name]: narrower })
        expect(body).toMatchObject({ [name]: narrower })
        for (const wider of [null, [], other, [...held, ...other]])
          expect(await post({ scopes, [name]: wider })).toMatchObject(
            refused(`${name} are invalid`),
          )
      }
      expect(await tile((await post({ scopes: ['styles:tiles'] })).body.token)).toBe(403)
    })

    test('passes it on through generations', async () => {
      const { ask, token } = await startRestricted()
      let authority = token
      for (let generation = 0; generation < 3; generation++) {
        const { body } = await ask('POST', PATH, {
          token: authority,
          headers,
          body: { scopes: SCOPES },
        })
        expect(body).toMatchObject({ [name]: held, usage: 'sk' })
        authority = body.token
      }
    })

    test('creates no temporary token, which could not hold it', async () => {
      const { ask, token } = await startRestricted()
      const body = { expires: iso(NOW + 60_000), scopes: ['styles:tiles'] }
      expect(await ask('POST', PATH, { token, headers, body })).toMatchObject(
        refused('resources are invalid'),
      )
    })

    test('does not lift it from itself, but narrows it', async () => {
      const { ask, token, id, find } = await startRestricted()
      const patch = (body: object) => ask('PATCH', `${PATH}/${id}`, { token, headers, body })
      for (const wider of [null, [], other, [...held, ...other]])
        expect(await patch({ [name]: wider, note: 'free' })).toMatchObject(
          refused(`${name} are invalid`),
        )
      expect(await find(id)).toMatchObject({ [name]: held, note: '' })
      expect((await patch({ [name]: narrower })).status).toBe(200)
    })

    test('does not widen a token that is not restricted as it is', async () => {
      const { ask, create, token } = await startRestricted()
      const { id } = await create({ scopes: ['styles:tiles'] })
      const patch = (body: object) => ask('PATCH', `${PATH}/${id}`, { token, headers, body })
      expect(await patch({ scopes: ['styles:tiles', 'styles:read'] })).toMatchObject(
        refused('scopes are invalid'),
      )
      expect(await patch({ note: 'x' })).toMatchObject({ status: 200, body: { note: 'x' } })
    })

    test('can be given to a token, and taken away by one that has as much without it', async () => {
      const { ask, create, sk, token } = await startRestricted()
      const { id } = await create({ scopes: ['styles:tiles'] })
      const patch = (authority: string, body: object) =>
        ask('PATCH', `${PATH}/${id}`, { token: authority, headers, body })
      expect((await patch(token, { [name]: held })).body).toMatchObject({ [name]: held })
      expect((await patch(sk, { [name]: null })).body).not.toHaveProperty(name)
    })

    test('stays on a foreign token that has scopes which the authorizing token lacks', async () => {
      const { ask, create, createMapboxToken, find } = await startRestricted()
      const { id, token } = await create({ scopes: ['styles:tiles'], [name]: held })
      const writer = await createMapboxToken(['tokens:write'])
      const patch = (body: object) => ask('PATCH', `${PATH}/${id}`, { token: writer, body })
      for (const wider of [null, [], [...held, ...other]])
        expect(await patch({ [name]: wider })).toMatchObject(refused(`${name} are invalid`))
      expect(await find(id)).toMatchObject({ [name]: held })
      // Narrowing and notes need no scope, and the answer shows the string of a public token.
      expect(await patch({ [name]: narrower, note: 'x' })).toMatchObject({
        status: 200,
        body: { token, note: 'x', [name]: narrower },
      })
    })

    test('does not restrict the successor of a default token that it deletes', async () => {
      const { ask, token, list } = await startRestricted()
      const findDefault = async () => (await list()).find((one) => one.default)
      const before = await findDefault()
      const answer = await ask('DELETE', `${PATH}/${before?.id}`, { token, headers })
      expect(answer.status).toBe(204)
      const { id, created, modified, token: string, ...others } = before ?? { id: '' }
      expect(await findDefault()).toMatchObject(others)
      expect((await findDefault())?.id).not.toBe(id)
    })
  },
)
