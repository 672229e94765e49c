import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Hono } from 'hono'
import { transformWithOxc } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestIssuer } from '../../packages/guard/test/support/issuer.ts'
import { startServer, type TestServer } from '../support/servers/start-server.ts'
import { createProject, findSnippet } from '../support/snippets.ts'

const issuer = createTestIssuer()
let keys: TestServer
let folder: string

beforeAll(async () => {
  keys = await startServer((_request, response) => {
    response.end(JSON.stringify(issuer.jwks))
  })
  folder = createProject()
})
afterAll(() => {
  keys.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a snippet of docs/guard/fetch.md that exports an app, with an issuer of the test. */
async function load(name: string, text: string): Promise<Hono> {
  const section = 'Hono, Next.js and other frameworks'
  const { code } = findSnippet('docs/guard/fetch.md', section, 'ts', text)
  const file = join(folder, `${name}.mjs`)
  const own = code.replace('https://maps.example', keys.url)
  writeFileSync(file, (await transformWithOxc(own, `${name}.ts`)).code)
  return (await import(pathToFileURL(file).href)).default
}

function sign(): string {
  const iat = Math.floor(Date.now() / 1000)
  return issuer.sign({ iss: keys.url, aud: keys.url, iat, exp: iat + 600 })
}

describe.each([
  ['a guarded handler', 'app.all(', 'private, max-age=3600'],
  ['a check in a middleware', 'c.res = undefined', 'private, max-age=60'],
])('docs/guard/fetch.md: %s in Hono', (name, text, cacheControl) => {
  let app: Hono
  beforeAll(async () => {
    app = await load(name.replaceAll(' ', '-'), text)
  })
  const ask = async (headers: Record<string, string>, method = 'GET') => {
    const answer = await app.request('/tiles/0/0/0', { method, headers })
    const read = (field: string) => answer.headers.get(field)
    return { status: answer.status, body: await answer.text(), read }
  }

  test('answers what has no token, with CORS, and preflights', async () => {
    const { status, read } = await ask({})
    expect([status, read('cache-control')]).toEqual([401, 'no-store'])
    expect(read('access-control-allow-origin')).toBe('*')
    const headers = { origin: 'https://map.example', 'access-control-request-method': 'GET' }
    expect((await ask(headers, 'OPTIONS')).status).toBe(204)
  })

  test('serves a tile to a valid token, for its user only', async () => {
    const { status, body, read } = await ask({ authorization: `Bearer ${sign()}` })
    expect([status, body]).toEqual([200, 'a tile'])
    expect(read('cache-control')).toBe(cacheControl)
    expect([read('vary'), read('access-control-allow-origin')]).toEqual(['Authorization', '*'])
  })
})
