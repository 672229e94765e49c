import { describe, expect, test } from 'vitest'
import { NOW, readClaims, startBroker } from '../../support/broker-under-test.ts'
import { openStoreOf } from '../../support/store-under-test.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function start(scope = 'tiles:read admin:access') {
  const running = await startBroker()
  const operator = await running.createToken(scope)
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${running.url}/v1/admin/${path}`, {
      method,
      headers: {
        ...bearer(operator),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    expect(response.headers.get('cache-control')).toBe('no-store')
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  return { ...running, operator, ask }
}

describe('/v1/admin', () => {
  test('creates and lists accounts as the command line does', async () => {
    const { ask, cli } = await start()
    const created = await ask('POST', 'accounts', { name: 'city', email: 'maps@city.example' })
    expect(created).toEqual({
      status: 201,
      body: {
        name: 'city',
        org_id: expect.stringMatching(/^org_[0-9a-f]{32}$/),
        email: 'maps@city.example',
        disabled: null,
      },
    })
    const { body } = await ask('GET', 'accounts')
    expect(body.accounts).toContainEqual(created.body)
    expect(body.accounts).toEqual(JSON.parse((await cli('account', 'list', '--json')).out))
    const again = await ask('POST', 'accounts', { name: 'city' })
    expect([again.status, again.body.code]).toEqual([409, 'CONFLICT'])
  })

  test('creates a token, shows it once, lists it without its string, and revokes it', async () => {
    const { ask, post, cli } = await start()
    const order = { account: 'demo', scope: 'tiles:read', expires_in: 60, note: 'for a test' }
    const created = await ask('POST', 'tokens', order)
    expect(created.status).toBe(201)
    const { id, token } = created.body
    expect(readClaims(token)).toMatchObject({ sub: id, scope: 'tiles:read', exp: NOW / 1000 + 60 })
    expect((await post('/v1/auth/token', {}, bearer(token))).status).toBe(200)
    const listed = await ask('GET', 'tokens')
    expect(listed.body.tokens).toContainEqual(
      expect.objectContaining({ id, note: 'for a test', used_today: 1, revoked: null }),
    )
    expect(JSON.stringify(listed.body)).not.toContain(token.split('.')[2])
    const ids = (tokens: { id: string }[]) => tokens.map((row) => row.id)
    expect(ids(listed.body.tokens)).toEqual(
      ids(JSON.parse((await cli('token', 'list', '--json')).out)),
    )
    expect((await ask('DELETE', `tokens/${id}`)).status).toBe(204)
    expect((await post('/v1/auth/token', {}, bearer(token))).status).toBe(401)
  })

  test('C3: a token cannot create a token with a scope that it lacks', async () => {
    const { ask } = await start()
    for (const scope of ['billing:manage', 'tiles:read places:read', 'TILES:READ']) {
      const refused = await ask('POST', 'tokens', { account: 'demo', scope })
      expect([refused.status, refused.body.code]).toEqual([403, 'INVALID_SCOPE'])
    }
  })

  test('X12: a token creates none that outlives it: by default both end together', async () => {
    const { createToken, url } = await start()
    const operator = await createToken('tiles:read admin:access', 30)
    const create = async (order: object) => {
      const response = await fetch(`${url}/v1/admin/tokens`, {
        method: 'POST',
        headers: { ...bearer(operator), 'content-type': 'application/json' },
        body: JSON.stringify({ account: 'demo', scope: 'tiles:read', ...order }),
      })
      return { status: response.status, body: await response.json() }
    }
    const expiries = []
    for (const order of [{}, { expires_in: 30 }, { expires_in: 29 }])
      expiries.push(readClaims((await create(order)).body.token).exp)
    expect(expiries).toEqual([30, 30, 29].map((left) => NOW / 1000 + left))
    for (const expires_in of [31, 31_622_400]) {
      const { status, body } = await create({ expires_in })
      expect([status, body.code]).toEqual([400, 'INVALID_REQUEST'])
      expect(body.message).toBe(
        `"expires_in" must be at most 30: a token must not outlive the token that creates it (given: ${expires_in})`,
      )
    }
  })

  test('X12: a chain of tokens, each made by the one before, ends with the first', async () => {
    const { createToken, url, clock } = await start()
    let operator = await createToken('tiles:read admin:access', 30)
    const end = readClaims(operator).exp
    for (let generation = 0; generation < 3; generation++) {
      clock.now += 5_000
      const response = await fetch(`${url}/v1/admin/tokens`, {
        method: 'POST',
        headers: { ...bearer(operator), 'content-type': 'application/json' },
        body: JSON.stringify({ account: 'demo', scope: 'tiles:read admin:access' }),
      })
      operator = (await response.json()).token
      expect(readClaims(operator).exp).toBe(end)
    }
  })

  test('X12: a token that is restricted to some tiles cannot create one that is not', async () => {
    const { cli, url } = await start()
    const args = ['--account', 'demo', '--scope', 'tiles:read admin:access', '--maxzoom', '3']
    const operator = (await cli('token', 'create', ...args)).out.trim()
    const response = await fetch(`${url}/v1/admin/tokens`, {
      method: 'POST',
      headers: { ...bearer(operator), 'content-type': 'application/json' },
      body: JSON.stringify({ account: 'demo', scope: 'tiles:read' }),
    })
    expect([response.status, (await response.json()).token]).toEqual([403, undefined])
  })

  test('C2: the string of a token is not in the store', async () => {
    const { operator, data } = await start()
    const store = await openStoreOf(data)
    const rows = await store.db.selectFrom('api_token').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(operator.split('.')[2])
    await store.close()
  })

  test.each([
    ['accounts', {}, 400],
    ['accounts', { name: 'a b' }, 400],
    ['accounts', { name: 'a', email: 'x' }, 400],
    ['accounts', { name: 'a', email: 'a\0b@x' }, 400],
    ['accounts', { name: 'a', password: '' }, 400],
    ['tokens', { account: 'demo' }, 400],
    ['tokens', { account: 'demo', scope: 'a  b' }, 400],
    ['tokens', { account: 'demo', scope: 'tiles:read', expires_in: 0 }, 400],
    ['tokens', { account: 'demo', scope: 'tiles:read', expires_in: 31_622_401 }, 400],
    ['tokens', { account: 'demo', scope: 'tiles:read', note: 'x'.repeat(129) }, 400],
    ['tokens', { account: 'demo', scope: 'tiles:read', note: 'a\0b' }, 400],
    ['tokens', { account: 'demo\0a', scope: 'tiles:read' }, 404],
    ['tokens', { account: 'nobody', scope: 'tiles:read' }, 404],
    ['accounts/nobody/disable', undefined, 404],
  ])('POST %s %j is %i', async (path, body, status) => {
    const { ask } = await start()
    const refused = await ask('POST', path, body)
    expect([refused.status, refused.body.success]).toEqual([status, false])
  })

  test('every change has an audit entry, whether made over HTTP or by command line', async () => {
    const { ask, cli, operator } = await start()
    await ask('POST', 'accounts', { name: 'city' })
    await ask('POST', 'keys/rotate')
    await cli('account', 'disable', 'city')
    await cli('account', 'disable', 'nobody')
    const actor = readClaims(operator).sub
    const { body } = await ask('GET', 'audit')
    expect(body.audit).toMatchObject([
      { actor: 'cli', action: 'account.disable', target: 'city' },
      { actor, action: 'key.rotate' },
      { actor, action: 'account.create', target: 'city' },
      { actor: 'cli', action: 'token.create', target: actor, detail: 'account demo' },
      { actor: 'broker', action: 'key.create' },
    ])
    expect(body.audit[0].at).toBe(new Date(NOW).toISOString())
    const { body: page } = await ask('GET', `audit?limit=1&before=${body.audit[1].id}`)
    expect(page.audit).toEqual([body.audit[2]])
    expect(JSON.parse((await cli('audit', '--limit', '5', '--json')).out)).toEqual(body.audit)
    for (const query of ['limit=0', 'limit=1001', 'before=x', 'limit=1&limit=2'])
      expect((await ask('GET', `audit?${query}`)).status).toBe(400)
  })

  test('lists tokens and accounts page by page, each page with a link to the next', async () => {
    const { ask, cli, createToken, url, operator } = await start()
    for (let made = 0; made < 4; made++) await createToken()
    for (const name of ['b', 'a', 'c']) await ask('POST', 'accounts', { name })
    for (const [list, what] of [
      ['tokens', 'id'],
      ['accounts', 'name'],
    ] as const) {
      const read = (rows: Record<string, unknown>[]) => rows.map((row) => row[what])
      const all = read((await ask('GET', list)).body[list])
      const found: unknown[] = []
      let pages = 0
      let next: URL | undefined = new URL(`${url}/v1/admin/${list}?limit=2`)
      while (next) {
        const response: Response = await fetch(next, { headers: bearer(operator) })
        found.push(...read((await response.json())[list]))
        pages++
        const [, link] = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '') ?? []
        next = link === undefined ? undefined : new URL(link, next)
      }
      expect(found).toEqual(all)
      expect(pages).toBe(Math.ceil(all.length / 2))
      const [, second, third] = all.map(String)
      const option = list === 'tokens' ? '--before' : '--after'
      const command = list === 'tokens' ? 'token' : 'account'
      const rest = await cli(command, 'list', option, second ?? '', '--limit', '1', '--json')
      expect(read(JSON.parse(rest.out))).toEqual([third])
      expect(rest.error).toContain(`The next ones: ${option} ${third}`)
    }
  })

  test.each([
    ['tokens?limit=0', 400, '"limit" must be a whole number from 1 to 1000'],
    ['tokens?limit=1001', 400, '"limit" must be a whole number from 1 to 1000'],
    ['tokens?limit=1&limit=2', 400, '"limit" must be given once'],
    ['tokens?before=tok_x', 400, '"before" must be the id of a token'],
    ['tokens?before=', 400, '"before" must be the id of a token'],
    ['tokens?before=%00', 400, '"before" must be the id of a token'],
    ['accounts?limit=x', 400, '"limit" must be a whole number from 1 to 1000'],
  ])('GET %s is %i: %s', async (path, status, message) => {
    const { ask } = await start()
    expect(await ask('GET', path)).toMatchObject({ status, body: { success: false, message } })
  })

  test('T16: a token that revoked itself is refused at the next request', async () => {
    const { ask, operator } = await start()
    expect((await ask('DELETE', `tokens/${readClaims(operator).sub}`)).status).toBe(204)
    expect((await ask('GET', 'accounts')).status).toBe(401)
  })
})
