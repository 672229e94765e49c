import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBudgets, guard } from '../../src/index.ts'
import { claims, startBudgets } from '../support/budgets.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'
import { listen } from '../support/server.ts'

const DAY = 86_400_000

describe('a budget of', () => {
  test('tiles per token counts tiles, separately for each token', async () => {
    const { consume } = startBudgets({ tilesPerToken: 3 })
    expect(await consume(5)).toBe(3)
    expect(await consume(5, { jti: 'j2' })).toBe(3)
    expect(await consume(5, { iss: 'https://other.example' })).toBe(3)
    expect(await consume(5, {}, false)).toBe(5)
  })

  test('requests per second allows that number at once, and refills with time', async () => {
    const { consume, clock } = startBudgets({ requestsPerSecond: 10 })
    expect(await consume(20)).toBe(10)
    clock.now += 500
    expect(await consume(20)).toBe(5)
    clock.now += 60_000
    expect(await consume(20, {}, false)).toBe(10)
    clock.now -= 5_000
    expect(await consume(20)).toBe(0)
  })

  test('less than one request per second allows one, and says how long the next one must wait', async () => {
    const { consume, budgets, clock } = startBudgets({ requestsPerSecond: 0.5 })
    expect(await consume(3)).toBe(1)
    clock.now += 1_000
    expect(() => budgets.consume(claims, true)).toThrow(
      expect.objectContaining({ headers: { 'Retry-After': '1' } }),
    )
    clock.now += 1_000
    expect(await consume(3)).toBe(1)
    expect(() => budgets.consume(claims, true)).toThrow(
      expect.objectContaining({ headers: { 'Retry-After': '2' } }),
    )
    clock.now += 60_000
    expect(await consume(3)).toBe(1)
  })

  test('tiles per day counts the organisation, until midnight in UTC', async () => {
    const { consume, clock } = startBudgets({ tilesPerDay: 4 })
    expect(await consume(3, { jti: 'a' })).toBe(3)
    expect(await consume(3, { jti: 'b' })).toBe(1)
    expect(await consume(3, { org_id: 'org_2' })).toBe(3)
    clock.now = Math.ceil(NOW / DAY) * DAY - 1
    expect(await consume(1)).toBe(0)
    clock.now += 1
    expect(await consume(5)).toBe(4)
  })

  test('zero, a negative number or NaN is refused at construction', () => {
    for (const options of [{ tilesPerToken: 0 }, { tilesPerDay: -1 }, { requestsPerSecond: NaN }])
      expect(() => createBudgets(options)).toThrow(RangeError)
  })
})

test('a guard answers 429 with Geog’s headers, and documents do not count as tiles', async () => {
  const issuer = createTestIssuer()
  const budgets = createBudgets({ tilesPerDay: 1, now: () => NOW })
  const tiles = ['/{tileset}/{z}/{x}/{y}.pbf', { document: '/{tileset}.json' }]
  const verifying = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
  const app = express()
  app.use(guard({ ...verifying, tiles, budgets }), (_request, response) => void response.send('ok'))
  const { url, close } = await listen(app)
  onTestFinished(close)
  const ask = (path: string) =>
    fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${issuer.sign()}` },
    })
  for (const [path, status] of [
    ['/a.json', 200],
    ['/a/0/0/0.pbf', 200],
    ['/a/0/0/0.pbf', 429],
    ['/a.json', 200],
  ] as const)
    expect([path, (await ask(path)).status]).toEqual([path, status])
  const { headers } = await ask('/a/0/0/0.pbf')
  expect(headers.get('x-ratelimit-tiles-limit')).toBe('1')
  expect(headers.get('x-ratelimit-tiles-remaining')).toBe('0')
  expect(headers.get('x-ratelimit-tiles-reset')).toMatch(/^\d{4}-\d\d-\d\dT00:00:00Z$/)
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  expect(headers.get('access-control-expose-headers')).toMatch(
    /Retry-After.*X-RateLimit-Tiles-Limit/,
  )
})
