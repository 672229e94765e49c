import { expect, inEachEngine, runScenario, test } from '../support/engines/engine-test.ts'
import { createGuardedServers } from '../support/engines/guarded-tiles.ts'
import { TILES } from './preflights.scenario.ts'

/** Preflights of the second time, when every URL has been asked about before. */
const AGAIN = { chromium: 0, firefox: TILES, webkit: 0 }

inEachEngine('docs/browsers.md: tiles of another origin', (engine) => {
  test(`${TILES} URLs cost a preflight each, and once more ${AGAIN[engine.name]}`, async () => {
    const { errors, requests } = await runScenario(
      engine,
      'engines/preflights.scenario.ts',
      createGuardedServers,
    )
    expect(errors).toEqual([])
    const preflights = (round: string) =>
      requests.filter(({ phase, method }) => phase === round && method === 'OPTIONS').length
    expect([preflights('first'), preflights('second')]).toEqual([TILES, AGAIN[engine.name]])
  })
})
