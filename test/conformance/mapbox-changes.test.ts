import { describe, expect, test } from 'vitest'
import { NOW } from '../support/brokers/broker-under-test.ts'
import {
  iso,
  type Metadata,
  PATH,
  payloadOf,
  startMapboxBroker,
} from '../support/brokers/mapbox-broker.ts'

describe('update', () => {
  test('changes only the members that are named', async () => {
    const { ask, clock } = await startMapboxBroker()
    const body = { scopes: ['styles:read'], note: 'a', allowedUrls: ['https://a.example'] }
    const created = (await ask('POST', PATH, { body })).body
    clock.now += 1000
    const update = async (change: object) =>
      (await ask('PATCH', `${PATH}/${created.id}`, { body: change })).body
    expect(await update({ note: 'b' })).toEqual({ ...created, note: 'b', modified: iso(clock.now) })
    expect(await update({ scopes: ['fonts:read'] })).toMatchObject({ scopes: ['fonts:read'] })
    expect(await update({ allowedUrls: null })).not.toHaveProperty('allowedUrls')
  })

  test('clearing one restriction keeps the others', async () => {
    const { ask } = await startMapboxBroker()
    const allowedApplications = [{ platform: 'iOS', bundleId: 'com.example' }]
    const body = { scopes: [], resources: ['mapbox://styles/demo'], allowedApplications }
    const path = `${PATH}/${(await ask('POST', PATH, { body })).body.id}`
    const updated = (await ask('PATCH', path, { body: { resources: null } })).body
    expect(updated).toMatchObject({ allowedApplications })
    expect(updated).not.toHaveProperty('resources')
    expect((await ask('PATCH', path, { body: { note: 'x' } })).body).toMatchObject({
      allowedApplications,
    })
    const cleared = (await ask('PATCH', path, { body: { allowedApplications: [] } })).body
    expect(cleared).not.toHaveProperty('allowedApplications')
  })

  test('C2: a secret is never shown again', async () => {
    const { ask } = await startMapboxBroker()
    const { id } = (await ask('POST', PATH, { body: { scopes: ['styles:list'] } })).body
    const { status, body } = await ask('PATCH', `${PATH}/${id}`, {
      body: { scopes: ['styles:read'] },
    })
    expect([status, body.usage]).toEqual([200, 'sk'])
    expect(body).not.toHaveProperty('token')
  })

  test('C3: a public token stays public, and no token gains a scope that the authorizing token lacks', async () => {
    const { ask } = await startMapboxBroker()
    const { id } = (await ask('POST', PATH, { body: { scopes: ['styles:read'] } })).body
    for (const scopes of [['styles:list'], ['uploads:read'], ['styles:read', 'nonsense']])
      expect(await ask('PATCH', `${PATH}/${id}`, { body: { scopes } })).toMatchObject({
        status: 422,
        body: { message: 'scopes are invalid' },
      })
    expect((await ask('PATCH', `${PATH}/${id}`, { body: { usage: 'sk' } })).status).toBe(422)
    expect((await ask('PATCH', `${PATH}/${id}`, { body: { expires: iso(NOW) } })).status).toBe(422)
  })

  test('the default token keeps its scopes and works on every page', async () => {
    const { ask } = await startMapboxBroker()
    const [token] = (await ask<Metadata[]>('GET', `${PATH}?default=true`)).body
    const path = `${PATH}/${token?.id}`
    expect((await ask('PATCH', path, { body: { note: 'mine' } })).status).toBe(200)
    expect((await ask('PATCH', path, { body: { scopes: [] } })).status).toBe(422)
    expect((await ask('PATCH', path, { body: { allowedUrls: ['a.example'] } })).status).toBe(422)
  })
})

describe('delete', () => {
  test('is 204 without a body; from then on the token is refused and not found', async () => {
    const { ask } = await startMapboxBroker()
    const created = (await ask('POST', PATH, { body: { scopes: ['tokens:read'] } })).body
    expect((await ask('GET', PATH, { token: created.token })).status).toBe(200)
    expect(await ask('DELETE', `${PATH}/${created.id}`)).toMatchObject({
      status: 204,
      body: undefined,
    })
    expect((await ask('GET', PATH, { token: created.token })).status).toBe(401)
    expect((await ask('DELETE', `${PATH}/${created.id}`)).status).toBe(404)
    expect((await ask('PATCH', `${PATH}/${created.id}`, { body: {} })).status).toBe(404)
  })

  test('a deleted default token has one successor at once, even if ten requests delete it', async () => {
    const { ask } = await startMapboxBroker()
    const find = async () => (await ask<Metadata[]>('GET', `${PATH}?default=true`)).body
    const [before] = await find()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => ask('DELETE', `${PATH}/${before?.id}`)),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(9).fill(404)])
    const after = await find()
    expect(after.length).toBe(1)
    expect(after[0]?.id).not.toBe(before?.id)
    expect(after[0]?.scopes).toEqual(before?.scopes)
  })
})

test('every change is in the audit trail, under the id of the authorizing token', async () => {
  const { ask, cli, sk } = await startMapboxBroker()
  const { id } = (await ask('POST', PATH, { body: { scopes: [] } })).body
  await ask('PATCH', `${PATH}/${id}`, { body: { note: 'x' } })
  await ask('DELETE', `${PATH}/${id}`)
  const actor = payloadOf(sk).a
  const entries: object[] = JSON.parse((await cli('audit', '--json')).out)
  expect(entries.slice(0, 3)).toMatchObject([
    { actor, action: 'token.revoke', target: id },
    { actor, action: 'token.update', target: id },
    { actor, action: 'token.create', target: id },
  ])
})

test('a temporary token names the lasting token that it came from; it makes no change to file', async () => {
  const { ask, cli, sk } = await startMapboxBroker()
  const expires = new Date(NOW + 60_000).toISOString()
  const makeTemporary = async (authority?: string) => {
    const scopes = ['tokens:write', 'styles:read']
    const options = { body: { scopes, expires }, ...(authority && { token: authority }) }
    return (await ask('POST', PATH, options)).body.token
  }
  const grandchild = await makeTemporary(await makeTemporary())
  const { a: id } = payloadOf(sk)
  expect(payloadOf(grandchild).a).toBe(id)
  const change = { body: { note: 'x' }, token: grandchild }
  expect((await ask('PATCH', `${PATH}/${id}`, change)).status).toBe(422)
  expect(JSON.parse((await cli('audit', '--json', '--action', 'token.update')).out)).toEqual([])
  await ask('PATCH', `${PATH}/${id}`, { body: { note: 'x' } })
  const [entry] = JSON.parse((await cli('audit', '--json', '--action', 'token.update')).out)
  expect(entry).toMatchObject({ actor: id, address: '127.0.0.1' })
})
