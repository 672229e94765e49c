import { expect, inEachEngine, runScenario, test } from '../support/engines/engine-test.ts'
import { createSessionServers } from '../support/engines/session-servers.ts'
import { type ClampedReport, STEP } from './clamped-clocks.scenario.ts'

/** Firefox makes its clocks coarse itself; in the others the page does. */
const PREFERENCES = {
  'privacy.resistFingerprinting': true,
  'privacy.resistFingerprinting.reduceTimerPrecision.microseconds': STEP * 1000,
}

inEachEngine(`docs/browsers.md: clocks with steps of ${STEP} ms`, (engine) => {
  test('tokens of 1 s are renewed without a storm of exchanges, and no tile is lost', async ({
    annotate,
  }) => {
    const { errors, result, requests } = await runScenario<ClampedReport>(
      engine,
      'engines/clamped-clocks.scenario.ts',
      createSessionServers,
      PREFERENCES,
    )
    expect(errors).toEqual([])
    const { steps, took, sessions } = result
    expect(Math.min(...steps)).toBeGreaterThan(STEP * 0.9)
    for (const session of sessions) {
      const exchanges = requests.filter(({ url }) => url === `/short/token?session=${session}`)
      const tiles = requests.filter(
        ({ path, method }) => path.includes(`/${session}/`) && method === 'GET',
      )
      const own = tiles.filter(({ server }) => server === 'tiles')
      const refused = own.filter(({ status }) => status === 401)
      await annotate(
        `${session}: ${own.length} tiles, ${exchanges.length} exchanges in ${took} ms, ${refused.length} × 401`,
      )
      // No two depart within 500 ms, by a clock that may be wrong by a step.
      expect(exchanges.length).toBeLessThanOrEqual(took / (500 - STEP) + 1)
      // Each refused tile is requested once more.
      expect(refused.length).toBeLessThanOrEqual(own.length / 2)
    }
  })
})
