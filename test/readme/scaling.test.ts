import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nextAttemptAt } from '../../packages/core/src/renewal.ts'
import { parseConfig } from '../../server/src/config/parse.ts'
import { computeSharedExpiry } from '../../server/src/grants/shared-lifetime.ts'
import { KEY_SET_MAX_AGE_SECONDS } from '../../server/src/issuer/key-schedule.ts'
import { root } from '../support/repository.ts'
import {
  FLUSH_SECONDS,
  mapsPerBroker,
  renewalPeriod,
  sharedWindow,
  writesOfSessions,
} from '../support/scaling/model.ts'
import { fillTables, readInputs, round, TABLES } from '../support/scaling/tables.ts'

const PAGE = join(root, 'docs/scaling.md')
const text = readFileSync(PAGE, 'utf8')
const inputs = readInputs(text)

// "npm run reference" writes the tables; without it a difference fails.
test('every figure of the document follows from its inputs', async () => {
  await expect(fillTables(text)).toMatchFileSnapshot(PAGE)
})

test('the document has every table, and another input makes other figures', () => {
  const names = [...text.matchAll(/<!-- computed: (\w+) -->/g)].map(([, name]) => name)
  expect(names.sort()).toEqual(Object.keys(TABLES).sort())
  const other = { ...inputs, visit: 60, tiles: 1, signRS256: 500, load: 25, price: 1 }
  for (const [name, render] of Object.entries(TABLES))
    expect([name, render(other)]).not.toEqual([name, render(inputs)])
})

/** Random numbers that are the same in every run. */
function createRandom(): () => number {
  let state = 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** When a page asks for its next token, by the rule of core; seconds. */
function findRenewal(at: number, expiresAt: number, random: number): number {
  const lifetime = (expiresAt - at) * 1000
  const now = at * 1000
  const held = { lifetime, remaining: lifetime }
  const situation = { now, departedAt: now, endedAt: now, failures: 0, held, random }
  return nextAttemptAt(situation) / 1000
}

describe.each([300, 3_600, 14_400])('with a lifetime of %i s', (lifetime) => {
  const random = createRandom()

  test('pages with tokens of their own renew as often as the document says', () => {
    let at = 0
    const renewals = 5_000
    for (let done = 0; done < renewals; done += 1) at = findRenewal(at, at + lifetime, random())
    expect(at / renewals / renewalPeriod(lifetime)).toBeCloseTo(1, 2)
  })

  test('pages of a shared grant come at any time, and from then on renew together', () => {
    const half = lifetime / 2
    const offsets: number[] = []
    for (let page = 0; page < 2_000; page += 1) {
      let at = 1_000 * half + random() * half
      for (let renewal = 0; renewal < 8; renewal += 1)
        at = findRenewal(at, computeSharedExpiry(at, lifetime), random())
      offsets.push(at % half)
    }
    offsets.sort((a, b) => a - b)
    // All but the rarest fall into the window; those of the shortest lifetime scatter a little more.
    const spread = (offsets[1_980] ?? 0) - (offsets[20] ?? 0)
    expect(spread).toBeGreaterThan(sharedWindow(lifetime) * 0.8)
    expect(spread).toBeLessThan(sharedWindow(lifetime) * 1.2)
  })
})

test('what the prose says of the inputs is so', () => {
  expect(text).toContain('renews it 75 s before its end on average')
  expect(3_600 - renewalPeriod(3_600)).toBe(75)
  expect(300 - renewalPeriod(300)).toBe(75)
  // A guard fetches the key set an hour after the last time.
  expect(KEY_SET_MAX_AGE_SECONDS).toBe(3_600)
  // "a tenth of the cost"
  expect(inputs.verify / inputs.guard).toBeGreaterThan(8)
  expect(inputs.verify / inputs.guard).toBeLessThan(12)
  // "signatures are a third of them"
  expect(inputs.signRS256 / inputs.pageToken).toBeGreaterThan(0.3)
  expect(inputs.signRS256 / inputs.pageToken).toBeLessThan(0.45)
  expect(text).toContain('5 million maps with sessions')
  expect(round(inputs.writes / writesOfSessions(1, inputs))).toBe('4,800,000')
  expect(text).toContain('600 pages a minute and broker')
  expect(parseConfig({}).mapTokenPerMinute).toBe(600)
  expect(parseConfig({}).login.sessionSeconds).toBe(3_600)
  expect(text).toContain(`written every ${FLUSH_SECONDS} s`)
  // "more than a hundred brokers"
  expect(1e8 / mapsPerBroker(3_600, inputs)).toBeGreaterThan(100)
})

test('figures are rounded to two digits', () => {
  const rounded = [0, 2, 99, 123, 0.456, 5_678, 44_444_444].map(round)
  expect(rounded).toEqual(['0', '2', '99', '120', '0.46', '5,700', '44,000,000'])
})
