import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { BrokerOptions } from '../../../src/index.ts'
import { startBroker } from '../../support/broker-under-test.ts'

const MAPS = 'https://maps.example'
const EVIL = 'https://evil.example'
const partner = { account: 'demo', scope: 'tiles:read', origins: [MAPS] }

interface Answer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** Asks with any headers, which fetch would refuse. */
function ask(
  url: string,
  headers: Record<string, string>,
  method = 'POST',
  body = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(`${url}/map-token`, { method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, text }),
      )
    })
      .on('error', reject)
      .end(body)
  })
}

const start = async (options: BrokerOptions = {}) => (await startBroker(options)).url

describe('X10: an origin that no grant names', () => {
  const json = { 'content-type': 'application/json' }

  test.each<[string, Record<string, string>, string]>([
    ['a grant that exists', json, '{"grant":"default"}'],
    ['one that does not', json, '{"grant":"nope"}'],
    ['one of another origin', json, '{"grant":"partner"}'],
    ['a body that is no JSON', json, '{'],
    ['a body of another type', { 'content-type': 'image/png' }, 'png'],
    ['a compressed body', { ...json, 'content-encoding': 'gzip' }, 'x'],
    ['no body', {}, ''],
    ['a session', { ...json, authorization: 'Bearer nonsense' }, '{"grant":"signed"}'],
  ])('gets the same answer for %s, with any grants', async (_, headers, body) => {
    const signed = { account: 'demo', scope: 'tiles:read', session: 'required' as const }
    const answers = await Promise.all(
      [{}, { grants: { partner, signed } }, { demo: false, issuer: MAPS }].map(async (options) => {
        // The one header that otherwise differs each time.
        const given = { ...headers, origin: EVIL, 'x-request-id': 'same' }
        const { status, text, headers: got } = await ask(await start(options), given, 'POST', body)
        const { date, ...others } = got
        return { status, text, others }
      }),
    )
    expect(answers[0]).toMatchObject({
      status: 403,
      others: { 'access-control-allow-origin': '*', 'cache-control': 'no-store' },
    })
    expect(JSON.parse(answers[0]?.text ?? '')).toMatchObject({ error: 'origin_not_allowed' })
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })

  test('gets it without a limit, and uses up nobody else’s', async () => {
    const url = await start({ mapTokenPerMinute: 2 })
    for (let attempt = 0; attempt < 5; attempt += 1)
      expect((await ask(url, { origin: EVIL })).status).toBe(403)
    expect((await ask(url, {})).status).toBe(200)
  })

  test('may read this refusal and its preflight, and nothing else', async () => {
    const url = await start()
    const preflight = {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    }
    const answers = await Promise.all([
      ask(url, { origin: EVIL }),
      ask(url, { origin: EVIL, ...preflight }, 'OPTIONS'),
      ask(url, { origin: EVIL }, 'OPTIONS'),
      ask(url, { origin: EVIL }, 'GET'),
      ask(url, { origin: EVIL }, 'DELETE'),
      ask(url, { origin: url }),
    ])
    const seen = answers.map(({ status, headers }) => [
      status,
      headers['access-control-allow-origin'],
    ])
    expect(seen).toEqual([
      [403, '*'],
      [204, '*'],
      [204, undefined],
      [405, undefined],
      [405, undefined],
      [200, undefined],
    ])
    for (const { headers } of answers)
      expect(headers).not.toHaveProperty('access-control-allow-credentials')
  })

  test('that another grant names is judged by its grant, as ever', async () => {
    const url = await start({ grants: { partner } })
    const from = (body: string) => ask(url, { ...json, origin: MAPS }, 'POST', body)
    expect((await from('{"grant":"partner"}')).status).toBe(200)
    const other = await from('{"grant":"default"}')
    expect([other.status, other.headers['access-control-allow-origin']]).toEqual([403, MAPS])
    expect((await from('{"grant":"nope"}')).status).toBe(404)
  })
})

describe('a page of this machine, behind a development server that replaces Host', () => {
  const PAGE = 'http://localhost:5173'
  const same = { 'sec-fetch-site': 'same-origin' }

  test.each<[string, Record<string, string>, number]>([
    ['that asked its own origin', { origin: PAGE, ...same }, 200],
    ['by address', { origin: 'http://127.0.0.1:5173', ...same }, 200],
    ['by IPv6 address', { origin: 'https://[::1]:5173', ...same }, 200],
    ['that asked another origin of its site', { origin: PAGE, 'sec-fetch-site': 'same-site' }, 403],
    ['that asked another site', { origin: PAGE, 'sec-fetch-site': 'cross-site' }, 403],
    ['whose browser does not say', { origin: PAGE }, 403],
    ['that is not of this machine', { origin: EVIL, ...same }, 403],
    ['by a name like ours', { origin: 'http://localhost.evil.example', ...same }, 403],
    ['by an address of the network', { origin: 'http://192.168.1.5:5173', ...same }, 403],
    ['without an origin of its own', { origin: 'null', ...same }, 403],
  ])('%s', async (_, headers, status) => {
    expect((await ask(await start(), headers)).status).toBe(status)
  })

  test.each<[string, BrokerOptions, string, number]>([
    ['localhost', {}, 'localhost:3000', 200],
    ['its publicUrl', { publicUrl: MAPS }, 'maps.example', 200],
    ['a name that is pointed at it (DNS rebinding)', {}, 'evil.example:3000', 403],
    ['such a name, with a publicUrl', { publicUrl: MAPS }, 'evil.example', 403],
    ['an address of the network', {}, '192.168.1.5:3000', 403],
    ['a host with a user', {}, 'evil@localhost:3000', 403],
  ])('passes if Host is our own: %s', async (_, options, host, status) => {
    const url = await start(options)
    expect((await ask(url, { origin: PAGE, host, ...same })).status).toBe(status)
  })

  test('needs no Sec-Fetch-Site if the server keeps Host', async () => {
    expect((await ask(await start(), { origin: PAGE, host: 'localhost:5173' })).status).toBe(200)
  })

  test.each([
    ['foo://localhost:5173', 'localhost:5173'],
    ['capacitor://localhost', '127.0.0.1'],
    ['file://localhost', 'localhost'],
  ])('is a web page: an app of the scheme of %s is not', async (origin, host) => {
    const headers = { origin, host, 'sec-fetch-site': 'same-origin' }
    expect((await ask(await start(), headers)).status).toBe(403)
  })

  test('is told the recipe where it is refused', async () => {
    const url = await start()
    const { text, headers } = await ask(url, { origin: PAGE })
    const { error, error_description } = JSON.parse(text)
    expect(error).toBe('origin_not_allowed')
    expect(error_description).toContain(`page is of ${new URL(PAGE).host},`)
    expect(error_description).toContain(`was sent to ${new URL(url).host}.`)
    expect(error_description).toContain('{ target, changeOrigin: false }')
    expect(error_description.length).toBeLessThan(500)
    expect(headers['access-control-allow-origin']).toBe('*')
  })

  test('is told nothing of the sort if it, or Host, is not of this machine', async () => {
    const url = await start()
    for (const headers of [{ origin: EVIL }, { origin: PAGE, host: 'evil.example' }])
      expect((await ask(url, headers)).text).not.toContain('changeOrigin')
  })
})
