import { expect, inEachEngine, runScenario, test } from '../support/engines/engine-test.ts'
import { createGuardedServers, readSubject } from '../support/engines/guarded-tiles.ts'
import type { SeenRequest } from '../support/engines/site.ts'
import type { Failures } from './renewal-bytes.scenario.ts'

const none = { whole: 0, unchanged: 0 }
/** What the tables of docs/browsers.md say, for two places of 30 tiles and three renewals. */
const EXPECTED = {
  kept: {
    chromium: {
      back: none,
      renewed: { whole: 0, unchanged: 90 },
      other: { whole: 0, unchanged: 30 },
    },
    firefox: {
      back: none,
      renewed: { whole: 0, unchanged: 90 },
      other: { whole: 0, unchanged: 30 },
    },
    webkit: {
      back: none,
      renewed: { whole: 90, unchanged: 0 },
      other: { whole: 30, unchanged: 0 },
    },
  },
  asks: {
    back: { whole: 0, unchanged: 60 },
    renewed: { whole: 0, unchanged: 90 },
    other: { whole: 0, unchanged: 30 },
  },
}

inEachEngine('docs/browsers.md: a renewal, and a change of user', (engine) => {
  test('cost what the tables say, no tile fails, and the server is asked for the tiles of another user', async ({
    annotate,
  }) => {
    const { errors, result, requests } = await runScenario<Failures>(
      engine,
      'engines/renewal-bytes.scenario.ts',
      createGuardedServers,
    )
    expect(errors).toEqual([])
    for (const [name, failures] of Object.entries(result)) {
      const [policy = '', server, library] = name.split(', ')
      const own = requests.filter(
        (request) =>
          request.server === server &&
          request.path.startsWith(`/v1/${policy}/${library}/`) &&
          request.method === 'GET',
      )
      const { kilobytes, ...counts } = count(own)
      await annotate(`${name}: ${JSON.stringify({ ...counts, kilobytes })}`)
      expect({ name, failures, ...counts }).toEqual({
        name,
        failures: 0,
        first: { whole: 60, unchanged: 0 },
        ...(policy === 'asks' ? EXPECTED.asks : EXPECTED.kept[engine.name]),
      })
      const users = own.filter(({ phase }) => phase === 'other user')
      expect(new Set(users.map(({ headers }) => readSubject(headers.authorization)))).toEqual(
        new Set(['bert']),
      )
    }
    expect(Object.keys(result)).toHaveLength(5)
  })
})

/** Whole and unchanged tiles by part of the scenario, and the size of the answers after renewals. */
function count(requests: readonly SeenRequest[]) {
  const statuses = (phase: string) => {
    const own = requests.filter((request) => request.phase === phase)
    const whole = own.filter(({ status }) => status === 200).length
    return { whole, unchanged: own.filter(({ status }) => status === 304).length }
  }
  const renewed = requests.filter(({ phase }) => phase === 'renewed')
  return {
    first: statuses('first'),
    back: statuses('back'),
    renewed: statuses('renewed'),
    other: statuses('other user'),
    kilobytes: Math.round(renewed.reduce((sum, { bytes }) => sum + bytes, 0) / 1000),
  }
}
