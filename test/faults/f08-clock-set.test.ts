import { createTokenManager } from '@tilepass/core'
import { createVerifier } from '@tilepass/guard'
import { onTestFinished, vi } from 'vitest'
import { NOW, readClaims, startBroker } from '../../server/test/support/broker-under-test.ts'
import { WORLD } from '../../server/test/support/second-broker.ts'
import { fault } from '../support/faults/row.ts'

const LEEWAY = 1_000
const LIFETIME = 60_000
/** How far a clock is set, in ms. */
const STEPS = [3_600_000, -3_600_000, 1_000, -1_000]

/** A broker on a clock of its own, that serves tiles and gives tokens of a minute. */
async function start() {
  return startBroker({
    tilesets: { world: { path: WORLD } },
    mapTokenPerMinute: 1_000_000,
    grants: {
      default: { account: 'demo', scope: 'tiles:read', expiresInSeconds: LIFETIME / 1_000 },
    },
  })
}

fault(
  'F8',
  'the clocks of broker and guard are set by ±1 h and ±1 s',
  { short: 2, long: 50, unit: 'rounds' },
  async ({ scale, report }) => {
    const { url, clock, broker, post } = await start()
    const guardClock = { now: NOW }
    const { access_token: first } = await (await post('/map-token')).json()
    const issuer = String(readClaims(first).iss)
    const guard = createVerifier({
      issuer,
      audience: issuer,
      jwks: `${url}/.well-known/jwks.json`,
      now: () => guardClock.now,
    })
    const accepts = (verify: typeof guard.verify, token: string) =>
      verify(token).then(
        () => true,
        () => false,
      )
    const totals = { late: 0, refused: 0 }
    for (let round = 0; round < scale; round++)
      for (const step of STEPS) {
        clock.now += step
        guardClock.now = clock.now
        const { access_token: token, expires_in: seconds } = await (await post('/map-token')).json()
        // A clock that was set back must not make a new token look as if it came from the future.
        for (const { verify } of [guard, broker.verifier])
          if (!(await accepts(verify, token))) totals.refused += 1
        for (const late of [LEEWAY + 1, 3_600_000]) {
          const before = clock.now
          clock.now += seconds * 1_000 + late
          guardClock.now = clock.now
          for (const { verify } of [guard, broker.verifier])
            if (await accepts(verify, token)) totals.late += 1
          clock.now = before
          guardClock.now = before
        }
      }
    report('tokens accepted later than 1 s after their end', totals.late, { atMost: 0 })
    report('new tokens refused', totals.refused, { atMost: 0 })
  },
)

fault(
  'F8',
  'the clock of a page is set by ±1 h and ±1 s',
  { short: 2, long: 20, unit: 'rounds' },
  async ({ scale, report }) => {
    const { url, clock } = await start()
    onTestFinished(() => void vi.useRealTimers())
    vi.useFakeTimers({ toFake: ['Date'] })
    const totals = { failed: 0, tiles: 0 }
    for (let round = 0; round < scale; round++)
      for (const step of STEPS) {
        // One page for each: tokens that are refused one after the other would look like a loop to it.
        const tokens = createTokenManager(`${url}/map-token`, { allow: [`${url}/v1/tiles/`] })
        const readTile = async () => {
          totals.tiles += 1
          const { status } = await tokens.fetch(`${url}/v1/tiles/world/0/0/0.mvt`)
          if (status !== 200) totals.failed += 1
        }
        await readTile()
        vi.setSystemTime(Date.now() + step)
        // In every other round the token has ended, which a page whose clock went back cannot know.
        clock.now += round % 2 === 0 ? LIFETIME + 2_000 : 1_000
        for (let tile = 0; tile < 3; tile++) await readTile()
        tokens.dispose()
      }
    report('tiles that failed', totals.failed, { atMost: 0 })
    report('tiles that were served', totals.tiles - totals.failed, { atLeast: totals.tiles })
  },
)
