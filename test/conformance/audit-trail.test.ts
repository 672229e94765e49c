import { describe, expect, test } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import { readClaims, runCommand, watchLog } from '../support/brokers/broker-under-test.ts'
import { PASSWORD, startLoginBroker } from '../support/brokers/login-broker.ts'

interface Entry {
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly detail: string
  readonly count: number
  readonly request_id: string | null
  readonly address: string | null
}

/** A broker with the account `city`, and its audit trail as an operator reads it over HTTP. */
async function start() {
  const { logger, logged } = watchLog()
  const running = await startLoginBroker({ logger })
  const operator = await running.createToken('admin:access tiles:read')
  const listAudit = async (query = ''): Promise<Entry[]> => {
    const url = `${running.url}/v1/admin/audit?${query}`
    return (await (await fetch(url, { headers: bearer(operator) })).json()).audit
  }
  const listEnds = async () =>
    (await listAudit('action=session.end')).map(({ target, detail }) => [target, detail])
  return { ...running, operator, logged, listAudit, listEnds }
}

const familyOf = (session: string) => readClaims(session).parent

describe('the audit trail', () => {
  test('shows a sign-in, its refresh and its logout, each with request and address', async () => {
    const { getTokens, refresh, post, listAudit, logged } = await start()
    const { token, refresh_token: refreshToken } = await getTokens()
    const next = await (await refresh(refreshToken)).json()
    await post('/logout', { refresh_token: next.refresh_token })
    const entries = await listAudit('actor=usr_city')
    const common = { target: familyOf(token), address: '127.0.0.1', count: 1 }
    expect(entries).toMatchObject([
      { ...common, action: 'session.end', detail: 'logout' },
      { ...common, action: 'session.refresh' },
      { ...common, action: 'session.open' },
    ])
    // The ids lead to the lines of the log.
    for (const { request_id: id } of entries) expect(logged()).toContain(`"id":"${id}"`)
    expect(new Set(entries.map(({ request_id: id }) => id)).size).toBe(3)
  })

  test('shows a detected theft of a refresh token, once', async () => {
    const { getTokens, refresh, clock, listEnds } = await start()
    const { token, refresh_token: stolen } = await getTokens()
    await refresh(stolen)
    clock.now += 60_000
    for (let count = 0; count < 3; count++) expect((await refresh(stolen)).status).toBe(401)
    expect(await listEnds()).toEqual([[familyOf(token), 'reuse of a spent refresh token']])
  })

  test.each([
    ['account.expire', ['account', 'expire', 'city']],
    ['change of password', ['account', 'set-password', 'city', '--password-stdin']],
  ])('shows each family that ended by %s', async (reason, args) => {
    const { getTokens, data, listEnds, refresh, cli } = await start()
    const sessions = [await getTokens(), await getTokens()]
    expect((await runCommand(data, args, { input: 'new' })).code).toBe(0)
    expect((await listEnds()).sort()).toEqual(
      sessions.map(({ token }) => [familyOf(token), reason]).sort(),
    )
    for (const { refresh_token: old } of sessions) expect((await refresh(old)).status).toBe(401)
    await cli('account', 'expire', 'city')
    expect((await listEnds()).length).toBe(2)
  })

  test('a logout of what has ended leaves no second entry', async () => {
    const { getTokens, post, listEnds } = await start()
    const { token, refresh_token: refreshToken } = await getTokens()
    for (let count = 0; count < 3; count++)
      expect((await post('/logout', { refresh_token: refreshToken })).status).toBe(204)
    expect(await listEnds()).toEqual([[familyOf(token), 'logout']])
  })

  test('counts failed sign-ins by account, and never stores a user name that does not exist', async () => {
    const { signIn, listAudit, cli } = await start()
    for (const name of ['city', 'maps@city.example', 'CITY']) await signIn('wrong', name)
    for (const name of ['hunter2', 'canary password']) await signIn('wrong', name)
    const common = { actor: 'anonymous', action: 'session.fail', address: '127.0.0.1' }
    expect(await listAudit('action=session.fail')).toMatchObject([
      { ...common, target: '', detail: 'unknown user', count: 2 },
      { ...common, target: 'city', detail: 'wrong password', count: 3 },
    ])
    expect((await cli('audit', '--limit', '1000')).out).not.toMatch(/hunter2|canary/)
  })

  test('files what an operator makes under the id of the token that made it', async () => {
    const { url, operator, listAudit } = await start()
    const created = await fetch(`${url}/v1/admin/tokens`, {
      method: 'POST',
      headers: { ...bearer(operator), 'content-type': 'application/json' },
      body: JSON.stringify({ account: 'demo', scope: 'tiles:read', expires_in: 60 }),
    })
    const { id } = await created.json()
    expect(await listAudit('action=token.create&limit=1')).toMatchObject([
      { actor: readClaims(operator).sub, target: id, detail: 'account demo', address: '127.0.0.1' },
    ])
  })

  test('shows who was refused administration, under a name only if the token is genuine', async () => {
    const { url, operator, createToken, listAudit, cli } = await start()
    const plain = await createToken('tiles:read')
    const revoked = await createToken('admin:access')
    await cli('token', 'revoke', String(readClaims(revoked).sub))
    const forged = `${plain.slice(0, plain.lastIndexOf('.'))}.${'A'.repeat(342)}`
    const ask = (token: string | undefined, path: string, body?: object) =>
      fetch(`${url}/v1/admin/${path}`, {
        method: body ? 'POST' : 'GET',
        headers: {
          ...(token === undefined ? {} : bearer(token)),
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
    const statuses = [
      await ask(undefined, 'tokens'),
      await ask(forged, 'tokens'),
      await ask(revoked, 'tokens'),
      await ask(plain, 'tokens'),
      await ask(plain, 'hunter2-in-a-path'),
      await ask(operator, 'tokens', { account: 'demo', scope: 'billing:manage' }),
      await ask(operator, 'accounts', { name: '' }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([401, 401, 401, 403, 403, 403, 400])
    const entries = await listAudit('action=admin.refuse')
    expect(
      entries.map(({ actor, target, detail, count }) => [actor, target, detail, count]),
    ).toEqual([
      [readClaims(operator).sub, '/v1/admin', 'invalid_scope', 1],
      [readClaims(plain).sub, '/v1/admin', 'insufficient_scope', 2],
      ['anonymous', '/v1/admin', 'invalid_token', 2],
      ['anonymous', '/v1/admin', 'auth_required', 1],
    ])
  })

  test('holds no secret after an incident', async () => {
    const { url, getTokens, refresh, signIn, operator, listAudit, cli } = await start()
    const { token, refresh_token: refreshToken } = await getTokens()
    await refresh(refreshToken)
    await signIn('canary', 'canary')
    await fetch(`${url}/v1/admin/tokens?access_token=${operator}`, { headers: bearer(token) })
    await listAudit()
    const trail = (await cli('audit', '--json', '--limit', '1000')).out
    for (const secret of [token, refreshToken, operator])
      expect(trail).not.toContain(secret.split('.')[2])
    expect(trail).not.toMatch(/eyJ|canary|correct horse/)
    expect(PASSWORD).toBe('correct horse')
  })
})
