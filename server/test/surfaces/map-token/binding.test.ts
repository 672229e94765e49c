import { fileURLToPath } from 'node:url'
import { TOKEN_COOKIE } from '@tilepass/guard'
import { confirmBy } from '@tilepass/guard/broker'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ConfigError, createBroker } from '../../../src/index.ts'
import { makeDataFolder, readClaims, startBroker } from '../../support/broker-under-test.ts'
import { serveHandlers } from '../../support/serve-handlers.ts'

const bound = {
  account: 'demo',
  scope: 'tiles:read',
  expiresInSeconds: 60,
  binding: 'cookie',
} as const
const grants = { bound, carried: { ...bound, tokenCookie: true } }

const path = fileURLToPath(new URL('../../../../examples/demo-data/world.pmtiles', import.meta.url))
const start = () => startBroker({ grants, tilesets: { world: { path } } })

/** The cookies that a response sets, by name: value and attributes. */
function readSetCookies(response: Response): Record<string, { value: string; attributes: string }> {
  return Object.fromEntries(
    response.headers.getSetCookie().map((line) => {
      const [, name = '', value = '', attributes = ''] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? []
      return [name, { value, attributes }]
    }),
  )
}

describe('a grant with a binding', () => {
  test('sets the secret once, in a cookie of this host that no script can read', async () => {
    const { post } = await start()
    const response = await post('/map-token', { grant: 'bound' })
    const cookies = readSetCookies(response)
    expect(Object.keys(cookies)).toEqual(['__Host-tilepass'])
    const { value = '', attributes = '' } = cookies['__Host-tilepass'] ?? {}
    expect(value).toMatch(/^[\w-]{43}$/)
    expect(attributes.split('; ').slice(1).sort()).toEqual(
      ['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure'].sort(),
    )
    const { access_token } = await response.json()
    expect(readClaims(access_token).cnf).toEqual(await confirmBy(value))

    const cookie = `__Host-tilepass=${value}`
    const renewed = await post('/map-token', { grant: 'bound' }, { cookie })
    expect(renewed.headers.getSetCookie()).toEqual([])
    expect(readClaims((await renewed.json()).access_token).cnf).toEqual(await confirmBy(value))
  })

  test('accepts no secret that it cannot have created itself', async () => {
    const { post } = await start()
    for (const planted of ['', 'x', 'x'.repeat(42), `${'x'.repeat(42)}%`, 'x'.repeat(44)]) {
      const cookie = `__Host-tilepass=${planted}`
      const response = await post('/map-token', { grant: 'bound' }, { cookie })
      expect(readSetCookies(response)['__Host-tilepass']?.value).not.toBe(planted)
    }
  })

  test('opens tiles only together with the cookie, in header and query', async () => {
    const { post, url } = await start()
    const response = await post('/map-token', { grant: 'bound' })
    const secret = readSetCookies(response)['__Host-tilepass']?.value
    const { access_token } = await response.json()
    const tile = `${url}/v1/tiles/world/0/0/0.mvt`
    const authorization = `Bearer ${access_token}`
    for (const [target, headers] of [
      [tile, { authorization }],
      [`${tile}?access_token=${access_token}`, {}],
    ] as const) {
      expect((await fetch(target, { headers })).status).toBe(401)
      const cookie = `__Host-tilepass=${secret}`
      expect((await fetch(target, { headers: { ...headers, cookie } })).status).toBe(200)
    }
  })

  test('X11: refuses a request that a form of another site could send', async () => {
    const { url } = await startBroker({ grants: { default: bound } })
    const response = await fetch(`${url}/map-token`, { method: 'POST' })
    expect(response.status).toBe(400)
    expect(response.headers.getSetCookie()).toEqual([])
    expect((await response.json()).error_description).toContain('JSON')
  })

  test.each([
    ['text/plain', ''],
    ['application/x-www-form-urlencoded', ''],
    ['multipart/form-data; boundary=x', ''],
    ['application/json', ''],
    ['application/json, text/plain', ''],
    ['text/plain; application/json', ''],
    ['text/plain', '{}'],
    [undefined, '{}'],
    [undefined, ''],
  ])(
    'X11: refuses a body of type %s with the content "%s", and sets no cookie',
    async (type, content) => {
      const { url } = await startBroker({ grants: { default: { ...bound, tokenCookie: true } } })
      // Bytes have no content type, unlike text.
      const body = new TextEncoder().encode(content)
      const headers = type === undefined ? {} : { 'content-type': type }
      const response = await fetch(`${url}/map-token`, { method: 'POST', headers, body })
      expect([400, 415]).toContain(response.status)
      expect(response.headers.getSetCookie()).toEqual([])
      expect((await response.json()).error_description).toMatch(/json/i)
    },
  )

  test.each([
    ['express.json()', express.json()],
    ['express.text()', express.text({ type: () => true })],
    ['express.urlencoded()', express.urlencoded({ extended: false })],
  ])('X11: refuses the same where the host application reads bodies with %s', async (_, parser) => {
    const grants = { default: { ...bound, tokenCookie: true } }
    const options = { data: makeDataFolder(), publicUrl: 'https://maps.example', demo: true }
    const broker = await createBroker({ ...options, grants })
    onTestFinished(() => broker.close())
    const url = await serveHandlers(parser, broker.router)
    const ask = (type: string, body: string) =>
      fetch(`${url}/map-token`, { method: 'POST', headers: { 'content-type': type }, body })
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      for (const body of ['', 'a=b', '{}']) {
        const response = await ask(type, body)
        expect([400, 415]).toContain(response.status)
        expect(response.headers.getSetCookie()).toEqual([])
      }
    expect((await ask('application/json', '{}')).status).toBe(200)
  })

  test('with "tokenCookie" also sets a cookie with the token, which opens tiles without a header', async () => {
    const { post, url } = await start()
    const response = await post('/map-token', { grant: 'carried' })
    const cookies = readSetCookies(response)
    const { access_token } = await response.json()
    expect(cookies[TOKEN_COOKIE]?.value).toBe(access_token)
    expect(cookies[TOKEN_COOKIE]?.attributes).toMatch(
      /Max-Age=60;.*HttpOnly; Secure; SameSite=Strict/,
    )
    const tile = `${url}/v1/tiles/world/0/0/0.mvt`
    const token = `${TOKEN_COOKIE}=${access_token}`
    const secret = `__Host-tilepass=${cookies['__Host-tilepass']?.value}`
    const get = (headers: Record<string, string>) => fetch(tile, { headers })
    expect((await get({ cookie: `${token}; ${secret}` })).status).toBe(200)
    expect((await get({ cookie: token })).status).toBe(401)
    expect((await get({ cookie: secret })).status).toBe(401)
    // A request may have only one credential.
    const authorization = `Bearer ${access_token}`
    expect((await get({ cookie: `${token}; ${secret}`, authorization })).status).toBe(400)
  })
})

test.each([
  [{ ...bound, shared: true }, /grants\.g\.binding.*shared/],
  [{ ...bound, origins: ['https://maps.example'] }, /grants\.g\.binding.*origins/],
  [{ ...bound, binding: 'none', tokenCookie: true }, /grants\.g\.tokenCookie.*binding/],
  [{ ...bound, binding: 'dpop' }, /grants\.g\.binding/],
])('the grant %j is refused at the start', async (grant, message) => {
  const starting = createBroker({ data: makeDataFolder(), grants: { g: grant as typeof bound } })
  await expect(starting).rejects.toThrow(ConfigError)
  await expect(starting).rejects.toThrow(message)
})

test('a verifier that enforces the binding itself gets the claim', async () => {
  const { post, broker } = await start()
  const { access_token } = await (await post('/map-token', { grant: 'bound' })).json()
  await expect(broker.verifier.verify(access_token)).rejects.toThrow()
  const claims = await broker.verifier.verify(access_token, { enforcesBinding: true })
  expect(claims.cnf).toEqual(readClaims(access_token).cnf)
})
