import express, { type Response } from 'express'
import { expect, inEachEngine, runScenario, test } from '../support/engines/engine-test.ts'
import { createGuardedServers } from '../support/engines/guarded-tiles.ts'
import type { Return } from './leaving.scenario.ts'

/** Goes back as soon as it was shown: not before can it be an entry of the history of its own. */
const ELSEWHERE = `<!doctype html><script>
addEventListener('pageshow', () => setTimeout(() => history.back(), 100))
</script>elsewhere`

/** The page decides when tiles are sent. */
function createServers() {
  const guarded = createGuardedServers()
  const page = express()
  const tiles = express()
  let isHolding = false
  const held: (() => void)[] = []
  /** Tiles that were held and have not been sent since. */
  const unsent = new Set<string>()
  const questions = new Map<Response, () => boolean>()
  const answer = () => {
    for (const [response, isDone] of questions)
      if (isDone()) {
        questions.delete(response)
        response.end()
      }
  }
  const answerOnce = (response: Response, isDone: () => boolean) => {
    questions.set(response, isDone)
    answer()
  }
  page.post('/hold', (_request, response) => {
    isHolding = true
    response.end()
  })
  page.post('/release', (_request, response) => {
    isHolding = false
    for (const send of held.splice(0)) send()
    response.end()
  })
  page.get('/held', (_request, response) => answerOnce(response, () => held.length > 0))
  page.get('/sent', (_request, response) => answerOnce(response, () => unsent.size === 0))
  page.get('/elsewhere', (_request, response) => void response.type('html').send(ELSEWHERE))
  page.use(guarded.page)
  tiles.get('/v1/*tile', ({ path }, response, next) => {
    response.on('finish', () => {
      unsent.delete(path)
      answer()
    })
    if (!isHolding) return next()
    unsent.add(path)
    held.push(next)
    answer()
  })
  tiles.use(guarded.tiles)
  return { page, tiles }
}

/** Does the browser keep a page whose requests are under way? WebKit keeps it and aborts the requests. */
const IS_KEPT = { chromium: true, firefox: false, webkit: true }

inEachEngine('docs/browsers.md: a page that is left while tiles are loading', (engine) => {
  test('costs no token when the user comes back, and what failed is loaded with the next', async () => {
    const { errors, result, requests } = await runScenario<readonly Return[]>(
      engine,
      'engines/leaving.scenario.ts',
      createServers,
    )
    expect(errors).toEqual([])
    const persisted = IS_KEPT[engine.name]
    expect(result).toMatchObject([
      { library: 'maplibre', persisted },
      { library: 'leaflet', persisted },
    ])
    if (engine.name !== 'webkit') expect(result.map(({ failed }) => failed)).toEqual([0, 0])
    const exchanges = requests.filter(({ path }) => path === '/map-token')
    expect(exchanges.map(({ phase }) => phase)).toEqual(
      ['maplibre', 'leaflet'].flatMap((library) =>
        ['first', persisted ? 'renewed' : 'again'].map((phase) => `${library}, ${phase}`),
      ),
    )
  })
})
