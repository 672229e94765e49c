import { guard } from '@tilepass/guard'
import express from 'express'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  answerWith,
  type Fault,
  type FaultProxy,
  passOn,
  startFaultProxy,
} from '../support/brokers/second-broker.ts'
import {
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
} from '../support/brokers/second-broker.ts'
import { launch, openPage } from '../support/pages/chromium.ts'
import { VECTOR } from '../support/pages/servers.ts'
import { readExample, type Started, serve, servePage } from '../support/pages/upstream-page.ts'

setUpSecondBrokers()

const LIFETIME_SECONDS = 12

let browser: Browser
/** Broker B, the API of somebody else; broker A, which relays; tiles that B's keys guard; the page. */
let geog: SecondBroker
let proxy: FaultProxy
let relay: SecondBroker
let tiles: Started
let site: Started
let expired: string
const statuses: { readonly at: number; readonly status: number }[] = []

beforeAll(async () => {
  geog = await startSecondBroker()
  const token = await geog.cli(
    'token',
    'create',
    '--account',
    'city',
    '--scope',
    'tiles:read places:read',
  )
  expired = await exchangeForSecond(token)
  proxy = await startFaultProxy(() => geog.url)
  const config = JSON.parse(
    readExample('geog/tilepass.json', { 'https://api.geog.dev': proxy.url }),
  )
  config.grants.default.expiresInSeconds = LIFETIME_SECONDS
  relay = await startSecondBroker(config, { GEOG_TOKEN: token })
  tiles = await serve(createTiles(geog.url))
  const html = readExample('geog/index.html', { 'https://api.geog.dev': tiles.url })
  site = await servePage(html, relay.url)
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  for (const server of [proxy, tiles, site]) server?.close()
})

async function exchangeForSecond(token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ ttl: 1 })
  const response = await fetch(`${geog.url}/v1/auth/token`, { method: 'POST', headers, body })
  return (await response.json()).access_token
}

/** A resource server that knows nothing but B's key set. */
function createTiles(issuer: string) {
  const app = express()
  app.use((request, response, next) => {
    response.on('finish', () => {
      if (request.method === 'GET') statuses.push({ at: Date.now(), status: response.statusCode })
    })
    next()
  })
  const jwks = `${issuer}/.well-known/jwks.json`
  app.use('/v1/tiles', guard({ issuer, audience: issuer, jwks, scope: 'tiles:read' }))
  app.get('/v1/tiles/world/:z/:x/:y', (_request, response) => {
    response.type('application/x-protobuf').send(VECTOR)
  })
  return app
}

/** Watches which tokens the page gets: until when it may trust the last one. */
function watchDeadline(page: Page) {
  let deadline = 0
  const departures = new Map<unknown, number>()
  page.on('request', (request) => departures.set(request, Date.now()))
  page.on('response', async (response) => {
    if (!response.url().endsWith('/map-token') || response.status() !== 200) return
    // The body is gone if the page was closed meanwhile.
    const { expires_in: seconds = 0 } = await response.json().catch(() => ({}))
    deadline = Math.max(deadline, (departures.get(response.request()) ?? 0) + seconds * 1000)
  })
  return () => deadline
}

/** Looks around, so that the map needs new tiles all the time, until the condition holds. */
async function roam(page: Page, isOver: () => boolean | Promise<boolean>): Promise<void> {
  await page.locator('canvas').focus()
  const keys = ['ArrowRight', 'ArrowDown', '=', 'ArrowRight', 'ArrowUp', '=', 'ArrowRight', '-']
  const limit = Date.now() + 60_000
  for (let step = 0; !(await isOver()); step += 1) {
    if (Date.now() > limit) throw new Error('it never came to an end')
    await page.keyboard.press(keys[step % keys.length] ?? '=', { delay: 100 })
  }
}

const readStatus = (page: Page) => page.locator('#status').innerText()
const json = { 'content-type': 'application/json' }

/** What is wrong with B, and what the page says once its token has ended; nothing if it need not. */
interface Trouble {
  readonly name: string
  readonly says: RegExp | undefined
  readonly fault?: Fault
  readonly change?: FaultProxy['change']
}

const TROUBLES: readonly Trouble[] = [
  { name: 'restarted', says: /503/ },
  {
    name: 'slow by 5 s',
    says: undefined,
    fault: (incoming, outgoing) =>
      void setTimeout(() => passOn(incoming, outgoing, geog.url, undefined), 5_000),
  },
  { name: 'answering 500', says: /503/, fault: answerWith(500) },
  {
    name: 'answering 429 with Retry-After',
    says: /503/,
    fault: answerWith(429, { 'retry-after': '2' }),
  },
  {
    name: 'answering HTML',
    says: /502/,
    fault: answerWith(200, { 'content-type': 'text/html' }, '<h1>Hello</h1>'),
  },
  {
    name: 'answering a token that has expired',
    says: /502/,
    change: (body) => ({ ...body, access_token: expired }),
  },
  {
    name: 'answering a larger scope than asked',
    says: /502/,
    change: (body) => ({ ...body, scope: `${body.scope} admin:access` }),
  },
]

async function begin({ name, fault, change }: Trouble): Promise<void> {
  if (name === 'restarted') await geog.kill()
  proxy.fault = fault
  proxy.change = change
}

async function end({ name }: Trouble): Promise<void> {
  proxy.fault = undefined
  proxy.change = undefined
  if (name === 'restarted') await geog.restart()
}

test('page, relay, upstream and tiles work together, and tokens of 12 s renew without a failed tile', async () => {
  statuses.length = 0
  const { page, printed } = await openPage(browser, site.url)
  const end = Date.now() + 2 * LIFETIME_SECONDS * 1000
  await roam(page, () => Date.now() > end)
  expect(statuses.filter(({ status }) => status !== 200 && status !== 304)).toEqual([])
  expect(statuses.length).toBeGreaterThan(20)
  expect(printed).toEqual([])
  await page.close()
})

test.for(TROUBLES)(
  'while the upstream is $name, no tile fails as long as the token lives; after that the page says so, and it heals',
  async (trouble, { annotate }) => {
    const { page, printed } = await openPage(browser, 'about:blank')
    const findDeadline = watchDeadline(page)
    await page.goto(site.url)
    await expect.poll(findDeadline, { timeout: 20_000 }).toBeGreaterThan(Date.now())
    await page.locator('canvas').waitFor()
    statuses.length = 0
    printed.length = 0
    const { says } = trouble
    await begin(trouble)
    try {
      let isEarly = true
      let early: readonly string[] = []
      await roam(page, async () => {
        if (isEarly && Date.now() >= findDeadline() - 200) {
          isEarly = false
          early = [...printed]
        }
        if (says === undefined) return Date.now() > findDeadline() + 1_000 || statuses.length > 150
        return !isEarly && says.test(await readStatus(page))
      })
      const failed = statuses.filter(
        ({ at, status }) => at < findDeadline() && status !== 200 && status !== 304,
      )
      await annotate(`${statuses.length} requests for tiles, ${failed.length} of them failed early`)
      expect(failed).toEqual([])
      expect(early).toEqual([])
      expect(statuses.length).toBeGreaterThan(2)
    } finally {
      await end(trouble)
    }
    const healedAt = Date.now()
    await expect
      .poll(
        () =>
          fetch(`${site.url}/map-token`, { method: 'POST', headers: json, body: '{}' }).then(
            ({ status }) => status,
          ),
        { timeout: 20_000 },
      )
      .toBe(200)
    await roam(
      page,
      async () =>
        (await readStatus(page)) === '' &&
        statuses.some(({ at, status }) => at > healedAt && status === 200),
    )
    await page.close()
  },
)
