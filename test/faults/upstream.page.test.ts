import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { LIFETIME_SECONDS, type RelayChain, startChain } from '../support/brokers/relay-chain.ts'
import {
  answerWith,
  type Fault,
  passOn,
  setUpSecondBrokers,
  startSecondBroker,
} from '../support/brokers/second-broker.ts'
import { eventually } from '../support/pages/eventually.ts'
import { test as pageTest } from '../support/pages/page-test.ts'
import { FEW_FRAMES, SMALL } from '../support/pages/panning.ts'

setUpSecondBrokers()

const test = pageTest
  // biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
  .extend('upstream', { scope: 'file' }, async ({}) => startSecondBroker())
  .extend('start', ({ upstream }, { onCleanup }) => {
    let chain: RelayChain | undefined
    onCleanup(() => chain?.close())
    /** Starts a chain. A test that restarts the upstream gets one of its own. */
    return async (restarts = false) => {
      chain = await startChain(restarts ? await startSecondBroker() : upstream)
      return chain
    }
  })
  .extend(
    'openMap',
    ({ openPage }) =>
      (url: string) =>
        openPage(url, { init: FEW_FRAMES, viewport: SMALL }),
  )

/** Tracks when the newest token of the page expires, in epoch ms. */
function watchDeadline(page: Page) {
  let deadline = 0
  const departures = new Map<unknown, number>()
  page.on('request', (request) => departures.set(request, Date.now()))
  page.on('response', async (response) => {
    if (!response.url().endsWith('/map-token') || response.status() !== 200) return
    // The body cannot be read if the page was closed meanwhile.
    const { expires_in: seconds = 0 } = await response.json().catch(() => ({}))
    deadline = Math.max(deadline, (departures.get(response.request()) ?? 0) + seconds * 1000)
  })
  return () => deadline
}

/** Moves the map by keyboard, so that it always needs new tiles, until the condition holds. */
async function roam(page: Page, isOver: () => boolean | Promise<boolean>): Promise<void> {
  await page.locator('canvas').focus()
  const keys = ['ArrowRight', 'ArrowDown', '=', 'ArrowRight', 'ArrowUp', '=', 'ArrowRight', '-']
  const limit = Date.now() + 60_000
  for (let step = 0; !(await isOver()); step += 1) {
    if (Date.now() > limit) throw new Error('The condition did not hold within 60 s.')
    await page.keyboard.press(keys[step % keys.length] ?? '=', { delay: 100 })
  }
}

const readStatus = (page: Page) => page.locator('#status').innerText()
const isFailure = ({ status }: { status: number }) => status !== 200 && status !== 304

/** A fault of the upstream, and what the page says once its token has expired, if anything. */
interface Trouble {
  readonly name: string
  readonly says: RegExp | undefined
  readonly fault?: (chain: RelayChain) => Fault
  readonly change?: (
    chain: RelayChain,
  ) => (body: Record<string, unknown>) => Record<string, unknown>
}

const TROUBLES: readonly Trouble[] = [
  { name: 'restarted', says: /503/ },
  {
    name: 'slow by 5 s',
    says: undefined,
    fault:
      ({ upstream }) =>
      (incoming, outgoing) =>
        void setTimeout(() => passOn(incoming, outgoing, upstream.url, undefined), 5_000),
  },
  { name: 'answering 500', says: /503/, fault: () => answerWith(500) },
  {
    name: 'answering 429 with Retry-After',
    says: /503/,
    fault: () => answerWith(429, { 'retry-after': '2' }),
  },
  {
    name: 'answering HTML',
    says: /502/,
    fault: () => answerWith(200, { 'content-type': 'text/html' }, '<h1>Hello</h1>'),
  },
  {
    name: 'answering with an expired token',
    says: /502/,
    change:
      ({ expired }) =>
      (body) => ({ ...body, access_token: expired }),
  },
  {
    name: 'answering with a larger scope than requested',
    says: /502/,
    change: () => (body) => ({ ...body, scope: `${body.scope} admin:access` }),
  },
]

async function begin({ name, fault, change }: Trouble, chain: RelayChain): Promise<void> {
  if (name === 'restarted') await chain.upstream.kill()
  chain.proxy.fault = fault?.(chain)
  chain.proxy.change = change?.(chain)
}

async function end({ name }: Trouble, { upstream, proxy }: RelayChain): Promise<void> {
  proxy.fault = undefined
  proxy.change = undefined
  if (name === 'restarted') await upstream.restart()
}

describe.concurrent('page, relay, upstream and tile server', () => {
  test('tokens of 12 s are renewed through the relay, and no tile fails', async ({
    start,
    openMap,
  }) => {
    const { site, statuses } = await start()
    const { page, printed } = await openMap(site.url)
    const end = Date.now() + 2 * LIFETIME_SECONDS * 1000
    await roam(page, () => Date.now() > end && statuses.length > 20)
    expect(statuses.filter(isFailure)).toEqual([])
    expect(printed).toEqual([])
  })

  test.for(TROUBLES)(
    'while the upstream is $name, no tile fails until the token expires; then the page reports it and recovers',
    async (trouble, { start, openMap, annotate }) => {
      const chain = await start(trouble.name === 'restarted')
      const { site, statuses } = chain
      const { page, printed } = await openMap('about:blank')
      const findDeadline = watchDeadline(page)
      await page.goto(site.url)
      await eventually(() => expect(findDeadline()).toBeGreaterThan(Date.now()), 20_000)
      await page.locator('canvas').waitFor()
      statuses.length = 0
      printed.length = 0
      const { says } = trouble
      await begin(trouble, chain)
      try {
        let isEarly = true
        let early: readonly string[] = []
        await roam(page, async () => {
          if (isEarly && Date.now() >= findDeadline() - 200) {
            isEarly = false
            early = [...printed]
          }
          if (statuses.length <= 2) return false
          if (says === undefined)
            return Date.now() > findDeadline() + 1_000 || statuses.length > 150
          return !isEarly && says.test(await readStatus(page))
        })
        const failed = statuses.filter((answer) => answer.at < findDeadline() && isFailure(answer))
        await annotate(`${statuses.length} requests for tiles, ${failed.length} failed early`)
        expect(failed).toEqual([])
        expect(early).toEqual([])
        expect(statuses.length).toBeGreaterThan(2)
      } finally {
        await end(trouble, chain)
      }
      const restoredAt = Date.now()
      const headers = { 'content-type': 'application/json' }
      const ask = () => fetch(`${site.url}/map-token`, { method: 'POST', headers, body: '{}' })
      await eventually(async () => expect((await ask()).status).toBe(200), 20_000)
      await roam(
        page,
        async () =>
          (await readStatus(page)) === '' &&
          statuses.some(({ at, status }) => at > restoredAt && status === 200),
      )
    },
  )
})
