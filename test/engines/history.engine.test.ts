import type { Response } from 'express'
import { expect, inEachEngine, runScenario, test } from '../support/engines/engine-test.ts'
import { createGuardedServers, readSubject } from '../support/engines/guarded-tiles.ts'
import { TILE } from '../support/pages/map-resources.ts'

/** A page that is complete only when its image is, which no cache has. */
const createFrame = (visit: number) =>
  `<!doctype html><script src="/lib/tilepass-core.iife.js"></script><img src="/held.png?${visit}">
<script>parent.visited(window)</script>`

function createServers() {
  const { page } = createGuardedServers()
  const held: Response[] = []
  let releases = 0
  let visits = 0
  const release = () => {
    if (releases > 0 && held.length > 0) {
      releases -= 1
      held.shift()?.set('Cache-Control', 'no-store').type('png').send(TILE)
    }
  }
  page.get('/frame', (_request, response) => {
    visits += 1
    response.set('Cache-Control', 'no-store').type('html').send(createFrame(visits))
  })
  page.get('/elsewhere', (_request, response) => void response.type('html').send('elsewhere'))
  page.get('/held.png', (_request, response) => {
    held.push(response)
    release()
  })
  page.post('/release', (_request, response) => {
    releases += 1
    release()
    response.end()
  })
  return { page }
}

/** How the four tiles of Bert are answered. */
const ANSWERS = {
  chromium: [304, 304, 304, 304],
  firefox: [304, 304, 304, 304],
  webkit: [200, 200, 200, 200],
}

inEachEngine('docs/browsers.md: tiles behind the guard', (engine) => {
  test('a user who goes back in the history gets no tile of the user before without the server being asked', async () => {
    const { errors, result, requests } = await runScenario<string[]>(
      engine,
      'engines/history.scenario.ts',
      createServers,
    )
    expect(errors).toEqual([])
    expect(result).toEqual(['navigate, loading', 'back_forward, loading'])
    const judge = (policy: string) =>
      requests
        .filter(({ path }) => path.startsWith(`/v1/${policy}/`))
        .filter(({ headers }) => readSubject(headers.authorization) === 'bert')
        .map(({ status }) => status)
    expect(judge('kept')).toEqual(ANSWERS[engine.name])
    // Every browser shows Anna's tiles although it was told to ask: that is why `Vary` is the default.
    expect(judge('asks')).toEqual([])
  })
})
