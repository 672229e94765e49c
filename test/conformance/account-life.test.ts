import { describe, expect, test } from 'vitest'
import { applyChange } from '../../server/src/store/changes.ts'
import { openStoreOf } from '../../server/test/support/store-under-test.ts'
import { bearer } from '../support/brokers/bearer.ts'
import { NOW, readClaims, startBroker, watchLog } from '../support/brokers/broker-under-test.ts'
import { startTwoAccounts, TILE } from '../support/brokers/two-accounts.ts'
import { demoData } from '../support/repository.ts'

const HOUR = 3_600_000

async function start() {
  const running = await startTwoAccounts()
  const { url, post, clock, cli, rival } = running
  const openTile = async (token: string) =>
    (await fetch(`${url}${TILE}`, { headers: bearer(token) })).status
  return {
    ...running,
    openTile,
    getMapToken: async () => (await (await post('/map-token')).json()).access_token as string,
    asAdmin: async (path: string) =>
      (await post(`/v1/admin${path}`, undefined, bearer(rival.api))).status,
    /** To the next second: tokens of the second in which an account is enabled are refused. */
    wait: (seconds: number) => {
      clock.now += seconds * 1_000
    },
    create: async (...args: string[]) =>
      (await cli('token', 'create', '--account', 'demo', ...args)).out.trim(),
  }
}

describe('account enable', () => {
  test.each(['by command', 'over HTTP'])(
    'after an account was disabled %s makes it work again, in running servers within 1 s',
    async (way) => {
      const { cli, asAdmin, wait, openTile, getMapToken, create } = await start()
      if (way === 'by command') await cli('account', 'disable', 'demo')
      else expect(await asAdmin('/accounts/demo/disable')).toBe(204)
      await expect.poll(() => getMapToken()).toBeUndefined()
      wait(5)
      expect(await cli('account', 'enable', 'demo')).toMatchObject({ code: 0 })
      wait(5)
      await expect.poll(async () => openTile((await getMapToken()) ?? 'none')).toBe(200)
      expect(await openTile(await create('--scope', 'tiles:read'))).toBe(200)
    },
  )

  test('T18: revives no token, of whatever kind', async () => {
    const { cli, wait, openTile, post, url, demo, getMapToken } = await start()
    wait(2)
    await cli('account', 'disable', 'demo')
    await expect.poll(() => getMapToken()).toBeUndefined()
    wait(5)
    await cli('account', 'enable', 'demo')
    wait(5)
    await expect.poll(async () => openTile((await getMapToken()) ?? 'none')).toBe(200)
    const { api, access, granted, pk, sk, tk, session, refresh, download } = demo
    for (const token of [api, access, granted, pk, tk]) expect(await openTile(token)).toBe(401)
    expect((await post('/v1/auth/token', {}, bearer(api))).status).toBe(401)
    expect((await fetch(`${url}/tokens/v2/demo?access_token=${sk}`)).status).toBe(401)
    expect((await fetch(`${url}/account`, { headers: bearer(session) })).status).toBe(401)
    expect((await post('/token/refresh', { refresh_token: refresh })).status).toBe(401)
    const { scope } = readClaims(download)
    const path = `/datasets/${String(scope).slice('dataset:'.length)}/download/cog`
    expect((await fetch(`${url}${path}?token=${download}`)).status).toBe(401)
    const signIn = { username: 'demo', password: 'correct horse' }
    expect((await post('/token', signIn)).status).toBe(200)
  })
})

describe('account delete', () => {
  test('T18: frees the name once no token names it, and the new account has nothing of the old one', async () => {
    const world = { path: demoData('world.pmtiles') }
    const { cli, clock, url, createToken, post } = await startBroker({ tilesets: { world } })
    await cli('account', 'create', 'city', '--email', 'maps@city.example')
    const args = ['token', 'create', '--account', 'city', '--scope']
    const api = (await cli(...args, 'tiles:read')).out.trim()
    const sk = (await cli(...args, 'tokens:write styles:tiles', '--format', 'mapbox')).out.trim()
    await createToken()
    const temporary = async () => {
      const expires = new Date(clock.now + HOUR).toISOString()
      const body = { expires, scopes: ['styles:tiles'] }
      return (await post(`/tokens/v2/city?access_token=${sk}`, body)).json()
    }
    const tk = (await temporary()).token
    expect(tk).toMatch(/^tk\./)
    const before = JSON.parse((await cli('account', 'list', '--json')).out)
    const { code, out } = await cli('account', 'delete', 'city', '--yes', '--json')
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { name: 'city', deleted: true, name_free_at: new Date(NOW + HOUR + 60_000).toISOString() },
    ])
    expect((await cli('account', 'list')).out).not.toContain('city')
    const early = await cli('account', 'create', 'city')
    expect([early.code, early.error]).toEqual([1, expect.stringContaining('deleted')])
    const open = async (token: string) =>
      (await fetch(`${url}/v1/tiles/world/0/0/0.mvt`, { headers: bearer(token) })).status
    await expect.poll(() => open(tk)).toBe(401)

    clock.now += HOUR + 60_000
    expect((await cli('account', 'create', 'city')).code).toBe(0)
    const after = JSON.parse((await cli('account', 'list', '--json')).out)
    const find = (list: { name: string; org_id: string }[]) =>
      list.find(({ name }) => name === 'city')
    expect(find(after)?.org_id).not.toBe(find(before)?.org_id)
    expect(find(after)).toMatchObject({ email: null, disabled: null })
    for (const token of [api, tk]) expect(await open(token)).toBe(401)
    expect((await fetch(`${url}/tokens/v2/city?access_token=${sk}`)).status).toBe(401)
  })

  test('of the account of the demo lets the next start succeed', async () => {
    const first = await startBroker()
    expect((await first.cli('account', 'delete', 'demo', '--yes')).code).toBe(0)
    await first.broker.close()
    const { post } = await startBroker({ data: first.data })
    expect((await post('/map-token')).status).toBeGreaterThanOrEqual(400)
  })
})

describe('the account of a grant that is disabled or deleted', () => {
  test.each([['disable'], ['delete']])(
    '%s: /readyz names the grant, and no account',
    async (how) => {
      const { cli, url } = await startBroker()
      await cli('account', how, 'demo', '--yes')
      const read = async () => (await fetch(`${url}/readyz`)).json()
      await expect.poll(read).toMatchObject({ status: 'degraded' })
      const text = JSON.stringify(await read())
      expect(text).toContain('default')
      expect(text).not.toContain('demo')
    },
  )

  test('the log says so at the start', async () => {
    const first = await startBroker()
    await first.cli('account', 'disable', 'demo')
    await first.broker.close()
    const { logger, logged } = watchLog()
    await startBroker({ data: first.data, logger })
    expect(logged()).toContain('tilepass account enable')
  })
})

test('the Mapbox tokens of a disabled account do not fill the list that guards read', async () => {
  const { cli, data, url, createToken } = await startBroker()
  await createToken()
  const store = await openStoreOf(data)
  await applyChange(store, async ({ db }) => {
    for (let from = 0; from < 20_000; from += 500)
      await db
        .insertInto('api_token')
        .values(
          Array.from({ length: 500 }, (_, index) => ({
            id: `c${from + index}`,
            account: 'demo',
            format: 'mapbox' as const,
            usage: 'pk' as const,
            note: '',
            scopes: '',
            allowed_urls: '[]',
            created_at: NOW,
            modified_at: NOW,
            last_used_at: null,
            expires_at: 8_640_000_000_000_000,
            revoked_at: null,
          })),
        )
        .execute()
  })
  await store.close()
  expect((await cli('account', 'disable', 'demo')).code).toBe(0)
  const read = async () => (await fetch(`${url}/.well-known/revocations.json`)).json()
  await expect.poll(async () => (await read()).revoked.length).toBeGreaterThan(0)
  expect((await read()).revoked.length).toBeLessThan(10)
})

test('a map token is never given to a session that has no lifetime left', async () => {
  const { clock, post, demo } = await start()
  clock.now = Number(readClaims(demo.session).exp) * 1_000 + 500
  const response = await post('/map-token', { grant: 'signed' }, bearer(demo.session))
  expect(response.status).toBe(401)
})
