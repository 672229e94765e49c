import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type BrokerOptions,
  ConfigError,
  createBroker,
  UpstreamRefusedError,
  UpstreamUnavailableError,
} from '../../src/index.ts'
import {
  copyKeyedFolder,
  readClaims,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'
import { findValue, scrape } from '../support/scrape.ts'
import { WORLD } from '../support/second-broker.ts'
import { openStoreOf } from '../support/store-under-test.ts'
import { onPostgres } from '../support/test-location.ts'

const TILE = '/v1/tiles/world/0/0/0.mvt'

async function start(options: BrokerOptions = {}) {
  const tilesets = { world: { path: WORLD } }
  const started = await startBroker({ metrics: { port: 0 }, tilesets, ...options })
  const { url, metricsUrl } = started
  const read = async (series: string) => findValue(await scrape(metricsUrl), series)
  const askGrant = async () => {
    const body = await (await fetch(`${url}/map-token`, { method: 'POST' })).json()
    return String(body.access_token)
  }
  const readTile = async (token: string) =>
    (await fetch(url + TILE, { headers: { authorization: `Bearer ${token}` } })).status
  return { ...started, read, askGrant, readTile }
}

describe('metrics', () => {
  test('count requests by API, route and status, and time them', async () => {
    const { askGrant, readTile, read } = await start()
    const token = await askGrant()
    expect([await readTile(token), await readTile(token), await readTile('x')]).toEqual([
      200, 200, 401,
    ])
    const tile = 'surface="geog",route="/v1/tiles/:tileset/:z/:x/:file"'
    await expect.poll(() => read(`tilepass_http_requests_total{${tile},status="200"}`)).toBe(2)
    expect(await read(`tilepass_http_requests_total{${tile},status="401"}`)).toBe(1)
    expect(await read(`tilepass_http_request_duration_seconds_count{${tile}}`)).toBe(3)
    const grant = 'surface="map-token",route="/map-token"'
    expect(await read(`tilepass_http_requests_total{${grant},status="200"}`)).toBe(1)
    expect(await read('tilepass_refusals_total{surface="geog",code="invalid_token"}')).toBe(1)
  })

  test('count a request whose client left as aborted', async () => {
    let answer: (() => void) | undefined
    const own = () =>
      new Promise<{ token: string; expiresInSeconds: number }>((resolve) => {
        answer = () => resolve({ token: 'opaque', expiresInSeconds: 60 })
      })
    const { url, read } = await start({
      upstreams: { own },
      grants: { default: { upstream: 'own' } },
    })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write('POST /map-token HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    await expect.poll(() => answer).toBeDefined()
    socket.destroy()
    const series = 'surface="map-token",route="/map-token",status="aborted"'
    await expect.poll(() => read(`tilepass_http_requests_total{${series}}`)).toBe(1)
    answer?.()
  })

  test('count the tokens that were handed out and verified, and time signatures', async () => {
    const { url, data, askGrant, readTile, read } = await start()
    const token = await askGrant()
    for (let count = 0; count < 3; count += 1) await readTile(token)
    const args = ['token', 'create', '--account', 'demo', '--scope', 'tiles:read']
    const subject = (await runCommand(data, args)).out.trim()
    const headers = { authorization: `Bearer ${subject}` }
    expect((await fetch(`${url}/v1/auth/token`, { method: 'POST', headers })).status).toBe(200)
    await readTile('wrong')
    const tokens = 'tilepass_tokens_verified_total'
    const checked = (await read(`${tokens}{purpose="tiles",result="checked"}`)) ?? 0
    // What a database was asked more than a quarter of a second ago is asked again.
    expect(checked).toBeGreaterThan(0)
    if (!onPostgres) expect(checked).toBe(1)
    expect(await read(`${tokens}{purpose="tiles",result="remembered"}`)).toBe(3 - checked)
    expect(await read(`${tokens}{purpose="tiles",result="refused"}`)).toBe(1)
    expect(await read(`${tokens}{purpose="exchange",result="checked"}`)).toBe(1)
    expect(await read('tilepass_exchanges_total{kind="issued"}')).toBe(1)
    expect(await read('tilepass_exchanges_total{kind="subject_token"}')).toBe(1)
    expect(await read('tilepass_signing_duration_seconds_count')).toBe(2)
  })

  test('show the age of the key that signs', async () => {
    const { clock, read } = await start()
    const before = await read('tilepass_signing_key_age_seconds')
    clock.now += 86_400_000
    expect(await read('tilepass_signing_key_age_seconds')).toBe((before ?? 0) + 86_400)
    expect(await read('tilepass_signing_keys')).toBe(1)
  })

  test('time the queries of the store, and count those that fail', async () => {
    const { url, data, readTile, askGrant, read } = await start()
    expect(
      await read('tilepass_store_query_duration_seconds_count{operation="select"}'),
    ).toBeGreaterThan(0)
    expect(await read('tilepass_store_errors_total{kind="failed"}')).toBe(0)
    const token = await askGrant()
    const store = await openStoreOf(data)
    await store.db.schema.dropTable('revocation').execute()
    await store.close()
    await expect.poll(() => readTile(token)).toBe(500)
    expect(await read('tilepass_store_errors_total{kind="failed"}')).toBeGreaterThan(0)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  test('show how late a revocation is known, also when it cannot be read', async () => {
    const { data, clock, read } = await start()
    expect(await read('tilepass_revocation_lag_seconds')).toBeLessThan(1)
    const store = await openStoreOf(data)
    await store.db.schema.dropTable('revocation').execute()
    await store.close()
    const readLater = () => {
      clock.now += 1_000
      return read('tilepass_revocation_lag_seconds')
    }
    await expect.poll(readLater, { timeout: 5_000 }).toBeGreaterThan(1)
  })

  test('show the state of each upstream, and what its requests came to', async () => {
    const answers: Record<string, () => never> = {
      refusing: () => {
        throw new UpstreamRefusedError('returned 401')
      },
      failing: () => {
        throw new UpstreamUnavailableError('returned 500', 60)
      },
    }
    const good = () => ({ token: 'opaque', expiresInSeconds: 60 })
    const { url, read } = await start({
      upstreams: { ...answers, good: async () => good() },
      grants: {
        refusing: { upstream: 'refusing' },
        failing: { upstream: 'failing' },
        good: { upstream: 'good' },
      },
    })
    for (const grant of ['refusing', 'refusing', 'failing', 'good'])
      await fetch(`${url}/map-token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ grant }),
      })
    const states: Record<string, string> = { refusing: 'refused', failing: 'failing', good: 'ok' }
    for (const [upstream, state] of Object.entries(states))
      for (const each of ['ok', 'refused', 'failing'])
        expect(await read(`tilepass_upstream_state{upstream="${upstream}",state="${each}"}`)).toBe(
          each === state ? 1 : 0,
        )
    const requests = (upstream: string, result: string) =>
      read(`tilepass_upstream_requests_total{upstream="${upstream}",result="${result}"}`)
    expect(await requests('refusing', 'refused')).toBe(1)
    expect(await requests('refusing', 'skipped')).toBe(1)
    expect(await requests('failing', 'unavailable')).toBe(1)
    expect(await requests('good', 'ok')).toBe(1)
    expect(await read('tilepass_exchanges_total{kind="relayed"}')).toBe(1)
  })

  test('show the delay of the event loop', async () => {
    const { read } = await start()
    await read('nodejs_eventloop_lag_p99_seconds')
    // Node counts no delay before its first look after a scrape.
    for (let times = 0; times < 3; times += 1) {
      const until = performance.now() + 300
      while (performance.now() < until);
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await read('nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.2)
  })
})

describe('no client adds to the labels of metrics', () => {
  const HOSTILE = [
    '/',
    '//',
    '/%00',
    '/%ff/%zz',
    '/"}\n{evil="1',
    '/__proto__',
    '/constructor',
    '/v1/tiles/:tileset/:z/:x/:file',
    '/v1/tiles/toString/0/0/0.mvt',
    '/v1/tiles/a/b/c/d/e',
    '/v1/admin/tokens/stray',
    '/tokens/v2/stray?access_token=stray',
    '/scopes/v1/%22%7D',
    '/datasets/stray/download/cog?token=stray',
    '/.well-known/oauth-authorization-server/stray',
    `/${'a'.repeat(8_000)}`,
    `/${'a/'.repeat(4_000)}`,
  ]

  test('with any path or method: 600 requests with random paths make no new series', async () => {
    const { url, metricsUrl, askGrant } = await start()
    const token = await askGrant()
    const hostile = async (path: string, method = 'GET') => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      socket.write(
        `${method} ${path.replaceAll('\n', '%0A')} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
      )
      for await (const _ of socket);
    }
    for (const path of HOSTILE)
      for (const method of ['GET', 'POST', 'PURGE']) await hostile(path, method)
    const random = () => randomBytes(6).toString('hex')
    const flood = (count: number) =>
      Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const paths = [
            `/${random()}`,
            `/v1/${random()}/${random()}`,
            `/v1/tiles/${random()}/0/0/0.mvt`,
            `/tokens/v2/${random()}`,
          ]
          await (await fetch(url + paths[index % paths.length])).arrayBuffer()
        }),
      )
    const listSeries = async () =>
      (await scrape(metricsUrl))
        .map(({ series }) => series)
        .filter((each) => /^tilepass/.test(each))
    await flood(4)
    await expect
      .poll(listSeries)
      .toContainEqual(expect.stringMatching(/tokens\/v2\/:username",status/))
    const before = await listSeries()
    for (let batch = 0; batch < 6; batch += 1) await flood(100)
    expect(await listSeries()).toEqual(before)
    const text = await (await fetch(`${metricsUrl}/metrics`)).text()
    expect(text).toContain('surface="none",route="unknown",status="404"')
    expect(text).not.toMatch(/stray|evil|aaaa|toString|__proto__/)
  }, 60_000)

  test('with the code of an error of the host application', async () => {
    let count = 0
    const { url, metricsUrl } = await start({
      grants: {
        default: {
          account: 'demo',
          scope: 'tiles:read',
          session: () => {
            count += 1
            throw Object.assign(new Error('x'), { status: 403, code: `CODE_${count}` })
          },
        },
      },
    })
    for (let times = 0; times < 5; times += 1) await fetch(`${url}/map-token`, { method: 'POST' })
    const refusals = (await scrape(metricsUrl)).filter(
      ({ name }) => name === 'tilepass_refusals_total',
    )
    expect(refusals).toHaveLength(1)
  })

  test('with a token, an account, an origin or an address', async () => {
    const { url, data, metricsUrl, askGrant, readTile } = await start({
      grants: {
        default: { account: 'demo', scope: 'tiles:read', origins: ['https://maps.example'] },
      },
    })
    const token = await askGrant()
    await readTile(token)
    await fetch(`${url}/map-token`, { method: 'POST', headers: { origin: 'https://evil.example' } })
    const { sub, jti, org_id } = readClaims(token)
    const text = await (await fetch(`${metricsUrl}/metrics`)).text()
    for (const secret of [token, sub, jti, org_id, 'demo', 'world', '.example', '127.0.0.1', data])
      expect(text).not.toContain(String(secret))
    expect(text).not.toMatch(/eyJ/)
  })
})

describe('the listener of metrics', () => {
  test('is off unless it is configured', async () => {
    const broker = await createBroker({ data: await copyKeyedFolder(), demo: true })
    onTestFinished(() => broker.close())
    const { url, metricsUrl } = await broker.listen(0)
    expect(metricsUrl).toBeUndefined()
    expect((await fetch(`${url}/metrics`)).status).toBe(404)
    expect(() => broker.metricsRouter).toThrow(ConfigError)
  })

  test('is of this machine alone by default, and serves nothing else', async () => {
    const { url, metricsUrl } = await start()
    expect(new URL(metricsUrl).hostname).toBe('127.0.0.1')
    expect(new URL(metricsUrl).port).not.toBe(new URL(url).port)
    expect((await fetch(`${url}/metrics`)).status).toBe(404)
    const response = await fetch(`${metricsUrl}/metrics`)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('access-control-allow-origin')).toBe(null)
    for (const path of ['/', '/healthz', '/map-token', '/v1/tiles/world/metadata'])
      expect((await fetch(metricsUrl + path)).status).toBe(404)
  })

  test('if its port is in use, the broker does not listen at all', async () => {
    const { metricsUrl } = await start()
    const port = Number(new URL(metricsUrl).port)
    const broker = await createBroker({
      data: await copyKeyedFolder(),
      demo: true,
      metrics: { port },
    })
    onTestFinished(() => broker.close())
    await expect(broker.listen(0)).rejects.toThrow(/EADDRINUSE/)
  })
})

test('an app that mounts the broker serves its metrics itself', async () => {
  const broker = await createBroker({
    data: await copyKeyedFolder(),
    demo: true,
    issuer: 'https://maps.example',
    metrics: {},
  })
  onTestFinished(() => broker.close())
  const listen = async (app: express.Express) => {
    const server = app.listen(0, '127.0.0.1')
    onTestFinished(() => void server.close().closeAllConnections())
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  }
  const url = await listen(express().use('/broker', broker.router))
  const metricsUrl = await listen(express().use(broker.metricsRouter))
  await fetch(`${url}/broker/map-token`, { method: 'POST' })
  const series = 'surface="map-token",route="/map-token",status="200"'
  await expect
    .poll(async () =>
      findValue(await scrape(metricsUrl), `tilepass_http_requests_total{${series}}`),
    )
    .toBe(1)
})
