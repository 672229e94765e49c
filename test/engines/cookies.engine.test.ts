import { TOKEN_COOKIE } from '@tilepass/guard'
import express from 'express'
import { expect, inEachEngine, runScenario, test } from '../support/engines/engine-test.ts'
import { TILE } from '../support/pages/map-resources.ts'
import { PLACES } from './cookies.scenario.ts'

/** Cookies by name, with their attributes; the last is the broker's. All over http. */
const COOKIES = {
  strict: 'SameSite=Strict',
  lax: 'SameSite=Lax',
  unset: '',
  none: 'SameSite=None; Secure',
  [TOKEN_COOKIE]: 'SameSite=Strict; Secure',
}

/** Sets the cookies once more, for browsers that keep those of frames apart, and requests an image. */
const FRAME = `<!doctype html><script>
fetch('/set', { method: 'POST' }).then(() => {
  const image = new Image()
  image.onload = () => parent.postMessage('done', '*')
  image.src = '/seen?place=frame'
})</script>`

function createServers() {
  const page = express()
  const tiles = express()
  page.post('/set', (_request, response) => {
    for (const [name, attributes] of Object.entries(COOKIES))
      response.append('Set-Cookie', `${name}=1; Path=/; HttpOnly; ${attributes}`)
    response.set('Cache-Control', 'no-store').end()
  })
  page.get('/frame', (_request, response) => void response.type('html').send(FRAME))
  for (const app of [page, tiles])
    app.get('/seen', (_request, response) => {
      response.set('Cache-Control', 'no-store').type('png').send(TILE)
    })
  return { page, tiles }
}

const every = Object.keys(COOKIES)
const overHttp = ['strict', 'lax', 'unset']

/** Cookies that come with images, as the table in docs/browsers.md says. */
const EXPECTED = {
  chromium: { page: every, port: every, frame: [], site: [] },
  firefox: { page: every, port: every, frame: ['unset', 'none'], site: [] },
  webkit: { page: overHttp, port: overHttp, frame: ['unset'], site: ['unset'] },
}

inEachEngine('docs/browsers.md: cookies of a page', (engine) => {
  test('come with its own images, and with those of other sites only as the table says', async () => {
    const { errors, requests } = await runScenario<unknown>(
      engine,
      'engines/cookies.scenario.ts',
      createServers,
    )
    expect(errors).toEqual([])
    const seen = PLACES.map((place) => {
      const request = requests.find(({ url }) => url === `/seen?place=${place}`)
      const names = request?.headers.cookie?.split('; ').map((pair) => pair.split('=')[0])
      return [place, new Set(names)]
    })
    const expected = Object.entries(EXPECTED[engine.name])
    expect(seen).toEqual(expected.map(([place, names]) => [place, new Set(names)]))
  })
})
