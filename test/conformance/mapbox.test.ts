import { describe, expect, test } from 'vitest'
import { NOW } from '../../server/test/broker-under-test.ts'
import { FIRST_SCOPES, type Metadata, startMapboxBroker } from '../support/brokers/mapbox-broker.ts'

const PATH = '/tokens/v2/demo'
const iso = (epochMs: number) => new Date(epochMs).toISOString()

/** A broker with a second account, which has tokens of its own. */
async function startWithNeighbour() {
  const running = await startMapboxBroker()
  await running.cli('account', 'create', 'neighbour')
  const neighbourSk = await running.createMapboxToken(FIRST_SCOPES, 'neighbour')
  const { body } = await running.ask('POST', '/tokens/v2/neighbour', {
    token: neighbourSk,
    body: { scopes: ['styles:read'] },
  })
  return { ...running, neighbourSk, neighbourId: body.id }
}

const payloadOf = (token: string) => JSON.parse(atob(token.split('.')[1] ?? ''))

describe('the token format', () => {
  test('pk and sk refer to metadata; the payload is standard base64, the signature 22 characters', async () => {
    const { ask, sk } = await startMapboxBroker()
    const pk = (await ask('POST', PATH, { body: { scopes: ['styles:tiles'] } })).body
    for (const token of [sk, pk.token]) {
      expect(token).toMatch(/^[ps]k\.[A-Za-z0-9+/]+\.[A-Za-z0-9_-]{22}$/)
      expect(Object.keys(payloadOf(token))).toEqual(['u', 'a'])
    }
    expect(payloadOf(pk.token)).toEqual({ u: 'demo', a: pk.id })
  })

  test('tk contains its metadata', async () => {
    const { ask } = await startMapboxBroker()
    const body = { scopes: ['styles:tiles'], expires: iso(NOW + 60_000) }
    const { token } = (await ask('POST', PATH, { body })).body
    expect(payloadOf(token)).toEqual({
      u: 'demo',
      exp: NOW / 1000 + 60,
      iat: NOW / 1000,
      scopes: ['styles:tiles'],
      client: 'api',
    })
  })

  test('a token that was given another beginning, user or signature is worth nothing', async () => {
    const { ask, sk } = await startWithNeighbour()
    const [, payload = '', signature = ''] = sk.split('.')
    const other = btoa(JSON.stringify({ ...payloadOf(sk), u: 'neighbour' }))
    for (const token of [
      `pk.${payload}.${signature}`,
      `sk.${other}.${signature}`,
      `sk.${payload}.${'A'.repeat(22)}`,
      `${sk}A`,
      `${sk}=`,
      sk.slice(0, -1),
    ])
      expect((await ask('GET', PATH, { token })).status).toBe(401)
  })
})

describe('create', () => {
  test('answers the metadata object, the token in it', async () => {
    const { ask } = await startMapboxBroker()
    const body = { scopes: ['styles:read', 'fonts:read'], note: 'My top secret project' }
    const created = await ask('POST', PATH, { body })
    expect(created.status).toBe(200)
    expect(created.body).toEqual({
      client: 'api',
      note: 'My top secret project',
      usage: 'pk',
      id: expect.stringMatching(/^c[0-9a-z]{24}$/),
      default: false,
      scopes: ['styles:read', 'fonts:read'],
      created: iso(NOW),
      modified: iso(NOW),
      token: expect.stringMatching(/^pk\./),
    })
  })

  test('one secret scope makes it secret', async () => {
    const { ask } = await startMapboxBroker()
    const { body } = await ask('POST', PATH, { body: { scopes: ['styles:read', 'styles:list'] } })
    expect(body).toMatchObject({ usage: 'sk', token: expect.stringMatching(/^sk\./) })
  })

  test('C3: a scope that the authorizing token lacks, or that does not exist, is refused', async () => {
    const { ask } = await startMapboxBroker()
    for (const scopes of [['uploads:read'], ['styles:read', 'nonsense'], 'styles:read', [1], null])
      expect(await ask('POST', PATH, { body: { scopes } })).toMatchObject({
        status: 422,
        body: { message: 'scopes are invalid' },
      })
  })

  test.each([
    [{ scopes: [], color: 'red' }, 'unknown properties are not allowed'],
    [{ scopes: [], note: 'x'.repeat(129) }, 'note must be a string of at most 128 characters'],
    [{ scopes: [], note: 'a\0b' }, 'note must be a string of at most 128 characters'],
    [{ scopes: [], note: 1 }, 'note must be a string of at most 128 characters'],
    [{ scopes: [], resources: 'x' }, 'resources are invalid'],
    [{ scopes: [], resources: [1] }, 'resources are invalid'],
    [{ scopes: [], allowedApplications: [{}] }, 'allowedApplications are invalid'],
    [{ scopes: [], allowedUrls: ['ftp://a.example'] }, 'allowedUrls are invalid'],
    [{ scopes: [], allowedUrls: ['https://*.a.example'] }, 'allowedUrls are invalid'],
    [
      { scopes: [], allowedUrls: Array.from({ length: 101 }, (_, i) => `https://a${i}.example`) },
      'allowedUrls are invalid',
    ],
    [
      { scopes: [], expires: iso(NOW + 1e5), allowedUrls: ['a.example'] },
      'allowedUrls are invalid',
    ],
  ])('%j is refused', async (body, message) => {
    const { ask } = await startMapboxBroker()
    expect(await ask('POST', PATH, { body })).toMatchObject({ status: 422, body: { message } })
  })

  test('what newer clients send is accepted: 128 characters, 100 URLs, resources, applications', async () => {
    const { ask } = await startMapboxBroker()
    const body = {
      scopes: ['styles:read'],
      note: '🗺'.repeat(128),
      allowedUrls: Array.from({ length: 100 }, (_, i) => `https://a${i}.example`),
      resources: ['mapbox://styles/demo'],
      allowedApplications: [{ platform: 'iOS', bundleId: 'com.example' }],
    }
    expect(await ask('POST', PATH, { body })).toMatchObject({ status: 200, body })
  })

  test('a body that is no JSON object is 400, another type 415, a long one 413', async () => {
    const { ask } = await startMapboxBroker()
    expect((await ask('POST', PATH, { body: '{' })).status).toBe(400)
    expect((await ask('POST', PATH, { body: '[]' })).status).toBe(400)
    const headers = { 'content-type': 'text/plain' }
    expect((await ask('POST', PATH, { body: '{}', headers })).status).toBe(415)
    expect(await ask('POST', PATH, { body: { note: 'x'.repeat(9000) } })).toMatchObject({
      status: 413,
      body: { message: expect.any(String) },
    })
  })
})

describe('create temporary', () => {
  test('answers the token, and when it ends', async () => {
    const { ask } = await startMapboxBroker()
    const expires = iso(NOW + 30_000)
    const { status, body } = await ask('POST', PATH, { body: { expires, scopes: [] } })
    expect([status, body]).toEqual([
      200,
      { token: expect.stringMatching(/^tk\./), issued_at: iso(NOW), expires, expires_in: 30 },
    ])
  })

  test.each([
    [iso(NOW), 'expires is in the past'],
    [iso(NOW - 60_000), 'expires is in the past'],
    [iso(NOW + 3_620_000), 'expires is more than one hour in the future'],
    ['9999-12-31T23:59:59Z', 'expires is more than one hour in the future'],
    ['tomorrow', 'expires is invalid'],
    [null, 'expires is invalid'],
    [NOW + 1000, 'expires is invalid'],
  ])('expires %j: %s', async (expires, message) => {
    const { ask } = await startMapboxBroker()
    const body = { expires, scopes: ['styles:read'] }
    expect(await ask('POST', PATH, { body })).toMatchObject({ status: 422, body: { message } })
  })

  test('an hour by a clock that is a little ahead, and offsets, are fine', async () => {
    const { ask } = await startMapboxBroker()
    for (const expires of [iso(NOW + 3_603_000), iso(NOW + 60_000).replace('Z', '+00:00')])
      expect((await ask('POST', PATH, { body: { expires, scopes: [] } })).status).toBe(200)
  })

  test('it never outlives, nor widens, a temporary token that authorizes it', async () => {
    const { ask } = await startMapboxBroker()
    const expires = iso(NOW + 60_000)
    const scopes = ['tokens:write', 'styles:read']
    const { token } = (await ask('POST', PATH, { body: { expires, scopes } })).body
    const ok = await ask('POST', PATH, { token, body: { expires, scopes: ['styles:read'] } })
    expect(ok.status).toBe(200)
    const longer = { expires: iso(NOW + 61_000), scopes: [] }
    expect(await ask('POST', PATH, { token, body: longer })).toMatchObject({
      status: 422,
      body: { message: 'expires may not be greater than the expiration of the authorizing token' },
    })
    const wider = { expires, scopes: ['fonts:read'] }
    expect((await ask('POST', PATH, { token, body: wider })).status).toBe(422)
  })
})

describe('list', () => {
  test('C2: the newest first, with a default token, no secret among them', async () => {
    const { ask, clock } = await startMapboxBroker()
    clock.now += 1000
    const created = (await ask('POST', PATH, { body: { scopes: ['styles:read'] } })).body
    clock.now += 1000
    const { status, body, headers } = await ask<Metadata[]>('GET', PATH)
    expect(status).toBe(200)
    expect(headers.get('link')).toBeNull()
    expect(body.map(({ usage, default: isDefault }) => [usage, isDefault])).toEqual([
      ['pk', true],
      ['pk', false],
      ['sk', false],
    ])
    expect(body[1]).toEqual(created)
    expect(body[0]?.scopes).toEqual(
      expect.arrayContaining(['styles:tiles', 'styles:read', 'fonts:read', 'datasets:read']),
    )
    expect(body[2]).not.toHaveProperty('token')
  })

  test('usage, default and sortby', async () => {
    const { ask, clock } = await startMapboxBroker()
    const ids = []
    for (const note of ['1', '2']) {
      clock.now += 1000
      ids.push((await ask('POST', PATH, { body: { scopes: [], note } })).body.id)
    }
    await ask('GET', PATH)
    clock.now += 1000
    await ask('PATCH', `${PATH}/${ids[0]}`, { body: { note: 'changed' } })
    const list = async (query: string) =>
      (await ask<Metadata[]>('GET', `${PATH}?${query}`)).body.map(({ note }) => note)
    expect(await list('usage=sk')).toEqual([''])
    expect(await list('usage=pk&default=false')).toEqual(['2', 'changed'])
    expect(await list('usage=pk&default=false&sortby=modified')).toEqual(['changed', '2'])
    expect(await list('default=true')).toEqual(['Default public token'])
  })

  test('pages by Link, which carries the query but no credential', async () => {
    const { ask, url, clock } = await startMapboxBroker()
    for (const note of ['1', '2', '3', '4']) {
      clock.now += note === '3' ? 0 : 1000
      await ask('POST', PATH, { body: { scopes: [], note } })
    }
    for (const sortby of ['created', 'modified']) {
      const seen: string[] = []
      let next: string | undefined = `${PATH}?limit=2&default=false&usage=pk&sortby=${sortby}`
      while (next) {
        const page: { body: Metadata[]; headers: Headers } = await ask<Metadata[]>('GET', next)
        seen.push(...page.body.map(({ id }) => id))
        const link = page.headers.get('link') ?? ''
        expect(link).not.toContain('access_token')
        next = /^<([^>]+)>; rel="next"$/.exec(link)?.[1]
        if (next)
          expect(next).toMatch(new RegExp(`^${url}${PATH}\\?.*usage=pk.*&start=c[0-9a-z.]+`))
        // What was on this page moves to the front: the next one stays what it was.
        await ask('PATCH', `${PATH}/${seen.at(-1)}`, { body: { note: 'moved' } })
      }
      expect([seen.length, new Set(seen).size]).toEqual([4, 4])
    }
  })

  test('a page that begins after a token deleted meanwhile', async () => {
    const { ask, clock } = await startMapboxBroker()
    for (const note of ['1', '2', '3']) {
      clock.now += 1000
      await ask('POST', PATH, { body: { scopes: [], note } })
    }
    const query = `${PATH}?limit=1&default=false&usage=pk`
    const first = await ask<Metadata[]>('GET', query)
    await ask('DELETE', `${PATH}/${first.body[0]?.id}`)
    const next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    expect((await ask<Metadata[]>('GET', next)).body[0]?.note).toBe('2')
    const byId = await ask<Metadata[]>('GET', `${query}&start=${first.body[0]?.id}`)
    expect(byId.body[0]?.note).toBe('2')
  })

  test.each([
    ['usage=tk', 'usage must be pk or sk'],
    ['sortby=note', 'sortby must be created or modified'],
    ['default=1', 'default must be true or false'],
    ['limit=0', 'limit must be 1 or more'],
    ['limit=-1', 'limit must be 1 or more'],
    ['limit=1e3', 'limit must be 1 or more'],
    ['limit=1&limit=2', 'limit must not be repeated'],
    ['start=nonsense', 'start is invalid'],
    [`start=c${'0'.repeat(24)}`, 'start is invalid'],
    [`start=c${'0'.repeat(24)}.zzzzzzzzzzz`, 'start is invalid'],
  ])('?%s: %s', async (query, message) => {
    const { ask } = await startMapboxBroker()
    expect(await ask('GET', `${PATH}?${query}`)).toMatchObject({ status: 422, body: { message } })
  })

  test("another account's token is no place to start", async () => {
    const { ask, neighbourId } = await startWithNeighbour()
    expect((await ask('GET', `${PATH}?start=${neighbourId}`)).body).toEqual({
      message: 'start is invalid',
    })
  })
})

describe('update', () => {
  test('changes what is named and nothing else', async () => {
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

  test('clearing one restriction leaves the others', async () => {
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

  test('C2: a secret is not shown again', async () => {
    const { ask } = await startMapboxBroker()
    const { id } = (await ask('POST', PATH, { body: { scopes: ['styles:list'] } })).body
    const { status, body } = await ask('PATCH', `${PATH}/${id}`, {
      body: { scopes: ['styles:read'] },
    })
    expect([status, body.usage]).toEqual([200, 'sk'])
    expect(body).not.toHaveProperty('token')
  })

  test('C3: a public token stays public; no token gains what the authorizing one lacks', async () => {
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

  test('the default token keeps its scopes and every page', async () => {
    const { ask } = await startMapboxBroker()
    const [token] = (await ask<Metadata[]>('GET', `${PATH}?default=true`)).body
    const path = `${PATH}/${token?.id}`
    expect((await ask('PATCH', path, { body: { note: 'mine' } })).status).toBe(200)
    expect((await ask('PATCH', path, { body: { scopes: [] } })).status).toBe(422)
    expect((await ask('PATCH', path, { body: { allowedUrls: ['a.example'] } })).status).toBe(422)
  })
})

describe('delete', () => {
  test('204 without a body; the token is refused from then on, and gone', async () => {
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

  test('a deleted default token has a successor at once, one, also when ten delete it', async () => {
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

test('every change is in the audit trail, under the id of the token that asked for it', async () => {
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

describe('retrieve: GET /tokens/v2', () => {
  test('TokenValid, for every usage', async () => {
    const { ask, sk } = await startMapboxBroker()
    const pk = (await ask('POST', PATH, { body: { scopes: ['styles:read'] } })).body
    expect((await ask('GET', '/tokens/v2', { token: pk.token })).body).toEqual({
      code: 'TokenValid',
      token: { usage: 'pk', user: 'demo', authorization: pk.id },
    })
    expect((await ask('GET', '/tokens/v2', { token: sk })).body).toMatchObject({
      code: 'TokenValid',
      token: { usage: 'sk' },
    })
  })

  test('TokenExpired shows the whole temporary token', async () => {
    const { ask, clock } = await startMapboxBroker()
    const expires = iso(NOW + 30_000)
    const { token } = (await ask('POST', PATH, { body: { expires, scopes: ['styles:read'] } })).body
    clock.now += 30_000
    expect(await ask('GET', '/tokens/v2', { token })).toMatchObject({
      status: 200,
      body: {
        code: 'TokenExpired',
        token: {
          usage: 'tk',
          user: 'demo',
          expires,
          created: iso(NOW),
          scopes: ['styles:read'],
          client: 'api',
        },
      },
    })
    expect((await ask('GET', PATH, { token })).status).toBe(401)
  })

  test('TokenRevoked, TokenInvalid, TokenMalformed', async () => {
    const { ask, sk } = await startMapboxBroker()
    const created = (await ask('POST', PATH, { body: { scopes: [] } })).body
    await ask('DELETE', `${PATH}/${created.id}`)
    const code = async (token: string) => (await ask('GET', '/tokens/v2', { token })).body
    expect(await code(created.token)).toMatchObject({
      code: 'TokenRevoked',
      token: { usage: 'pk' },
    })
    const forged = `${sk.slice(0, -22)}${'A'.repeat(22)}`
    expect(await code(forged)).toMatchObject({ code: 'TokenInvalid', token: { user: 'demo' } })
    for (const token of ['x', 'pk.x.y', `xk.${sk.slice(3)}`, `pk.e30.${'A'.repeat(22)}`])
      expect(await code(token)).toEqual({ code: 'TokenMalformed' })
  })

  test('without a token: 422', async () => {
    const { ask } = await startMapboxBroker()
    expect(await ask('GET', '/tokens/v2', { token: null })).toMatchObject({
      status: 422,
      body: { message: 'access token is required' },
    })
  })
})

describe('list scopes', () => {
  test('the whole catalogue; public ones say so', async () => {
    const { ask } = await startMapboxBroker()
    const { status, body } = await ask<{ id: string; public?: boolean; description: string }[]>(
      'GET',
      '/scopes/v1/demo',
    )
    expect(status).toBe(200)
    expect(body.filter((scope) => scope.public).map(({ id }) => id)).toEqual([
      'styles:tiles',
      'styles:read',
      'fonts:read',
      'datasets:read',
      'vision:read',
    ])
    expect(body.length).toBe(32)
    expect(body.every(({ description }) => description.length > 0)).toBe(true)
  })

  test('needs scopes:list', async () => {
    const { ask, createMapboxToken } = await startMapboxBroker()
    const token = await createMapboxToken(['tokens:read'])
    expect(await ask('GET', '/scopes/v1/demo', { token })).toMatchObject({
      status: 404,
      body: { message: 'Not found' },
    })
  })
})

describe('the error table', () => {
  test('401 Unauthorized: no token, a broken one, two, or one of another format', async () => {
    const { ask, createToken, sk } = await startMapboxBroker()
    for (const token of [null, 'x', await createToken('tokens:read tokens:write')])
      expect(await ask('GET', PATH, { token })).toMatchObject({
        status: 401,
        body: { message: 'Unauthorized' },
      })
    expect((await ask('GET', `${PATH}?access_token=x`)).status).toBe(200)
    const url = `${PATH}?access_token=${sk}&access_token=${sk}`
    expect((await ask('GET', url, { token: null })).status).toBe(401)
    const headers = { authorization: `Bearer ${sk}` }
    expect((await ask('GET', PATH, { token: null, headers })).status).toBe(401)
  })

  test('404 Not found: the scope is missing', async () => {
    const { ask, createMapboxToken } = await startMapboxBroker()
    const token = await createMapboxToken(['styles:list'])
    const missing = { status: 404, body: { message: 'Not found' } }
    expect(await ask('GET', PATH, { token })).toMatchObject(missing)
    expect(await ask('POST', PATH, { token, body: {} })).toMatchObject(missing)
    expect(await ask('PATCH', `${PATH}/x`, { token, body: {} })).toMatchObject(missing)
    expect(await ask('DELETE', `${PATH}/x`, { token })).toMatchObject(missing)
  })

  test('C1: foreign and absent accounts and tokens answer alike', async () => {
    const { ask, neighbourId } = await startWithNeighbour()
    const absent = `c${'0'.repeat(24)}`
    for (const [method, body] of [['GET'], ['POST', {}]] as const) {
      const foreign = await ask(method, '/tokens/v2/neighbour', { body })
      const nobody = await ask(method, '/tokens/v2/nobody', { body })
      expect([foreign.status, foreign.body]).toEqual([404, { message: 'Not found' }])
      expect([nobody.status, nobody.body]).toEqual([foreign.status, foreign.body])
    }
    for (const [method, body] of [['PATCH', { note: 'x' }], ['DELETE']] as const)
      for (const path of [
        `${PATH}/${neighbourId}`,
        `${PATH}/${absent}`,
        `/tokens/v2/neighbour/${neighbourId}`,
        `/tokens/v2/nobody/${absent}`,
      ]) {
        const answer = await ask(method, path, { body })
        expect([answer.status, answer.body]).toEqual([404, { message: 'Not found' }])
      }
  })

  test('404 No such user: a name that no account can have', async () => {
    const { ask } = await startMapboxBroker()
    expect(await ask('GET', '/tokens/v2/no%20body')).toMatchObject({
      status: 404,
      body: { message: 'No such user' },
    })
  })

  test('a token of the registry in another format is absent', async () => {
    const { ask, createToken } = await startMapboxBroker()
    const jwt = await createToken()
    const { sub } = JSON.parse(atob(jwt.split('.')[1] ?? ''))
    expect((await ask('DELETE', `${PATH}/${sub}`)).status).toBe(404)
  })

  test('400: a token where its id is expected', async () => {
    const { ask, sk } = await startMapboxBroker()
    for (const [method, body] of [['PATCH', {}], ['DELETE']] as const)
      expect(await ask(method, `${PATH}/${sk}`, { body })).toMatchObject({
        status: 400,
        body: { message: expect.any(String) },
      })
  })

  test('429: 120 a minute and account, whatever the token, with the headers', async () => {
    const { ask, clock, createMapboxToken } = await startMapboxBroker()
    const second = await createMapboxToken(['tokens:read'])
    let last = await ask('GET', PATH)
    expect(Object.fromEntries(last.headers)).toMatchObject({
      'x-rate-limit-interval': '60',
      'x-rate-limit-limit': '120',
      'x-rate-limit-reset': String(NOW / 1000 + 60),
    })
    for (let i = 1; i < 120; i++) last = await ask('GET', PATH, { token: second })
    expect(last.status).toBe(200)
    last = await ask('GET', PATH)
    expect([last.status, last.body]).toEqual([429, { message: expect.any(String) }])
    expect(last.headers.get('x-rate-limit-reset')).toBe(String(NOW / 1000 + 60))
    expect(last.headers.get('retry-after')).toBe('60')
    clock.now += 60_000
    expect((await ask('GET', PATH)).status).toBe(200)
  })

  test('the limit is configurable, and pages cannot use up what servers have', async () => {
    const { ask } = await startMapboxBroker({ mapbox: { requestsPerMinute: 3 } })
    const { token } = (await ask('POST', PATH, { body: { scopes: [] } })).body
    for (let i = 0; i < 5; i++) await ask('GET', '/tokens/v2', { token })
    expect((await ask('GET', '/tokens/v2', { token })).status).toBe(429)
    expect((await ask('GET', PATH)).status).toBe(200)
  })

  test('other methods and paths answer in the same shape', async () => {
    const { ask } = await startMapboxBroker()
    for (const [method, path, status] of [
      ['PUT', PATH, 405],
      ['GET', `${PATH}/x`, 405],
      ['POST', '/scopes/v1/demo', 405],
      ['GET', `${PATH}/x/y`, 404],
      ['GET', '/tokens/v2/', 404],
      ['GET', '/tokens/v2/%ff', 400],
    ] as const) {
      const answer = await ask(method, path)
      expect([path, answer.status, answer.body]).toEqual([
        path,
        status,
        { message: expect.any(String) },
      ])
    }
  })

  test('a page sees every status: CORS on refusals, preflights without a token', async () => {
    const { ask } = await startMapboxBroker()
    const refused = await ask('GET', PATH, { token: null })
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
    expect(refused.headers.get('cache-control')).toBe('no-store')
    const preflight = await ask('OPTIONS', `${PATH}/x`, { token: null })
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      expect.stringContaining('PATCH'),
    ])
  })
})
