import { createHash } from 'node:crypto'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { guard } from '../../packages/guard/src/index.ts'
import { createTestIssuer, ISSUER } from '../../packages/guard/test/support/issuer.ts'
import { EDGE_RUNTIMES } from '../../scripts/edge-runtimes.mjs'
import { NORMALIZATION, toSeenTarget } from '../support/edge/normalization.ts'
import { type EdgeAnswer, type SentRequest, sendRequest } from '../support/edge/send-request.ts'
import { type RunningWorker, startRuntime } from '../support/edge/start-runtime.ts'
import { listVectors } from '../support/edge/vectors.ts'
import { type GuardName, setClock, toOptions } from '../support/edge/worker.ts'
import { listOddPaths } from '../support/servers/odd-paths.ts'
import { startServer, type TestServer } from '../support/servers/start-server.ts'

const NOW = Math.floor(Date.now() / 1000)
const times = { iat: NOW, exp: NOW + 7200 }
const [first, second] = [createTestIssuer('k1'), createTestIssuer('k2')]
const full = first.sign(times)
const open = first.signTiles({ tilesets: ['open'] }, times)

/** What the issuer publishes; a test may change it. */
const published = { keys: first.jwks.keys, revoked: [] as string[], fetches: 0 }
/** Headers whose values must be the same everywhere. */
const COMPARED = [
  ...['cache-control', 'vary', 'www-authenticate', 'retry-after', 'content-type', 'etag'],
  ...['access-control-allow-origin', 'access-control-expose-headers', 'x-content-type-options'],
  ...['access-control-allow-headers', 'access-control-allow-methods', 'access-control-max-age'],
]

const bearer = (token: string) => [`Authorization: Bearer ${token}`]

let keys: TestServer
let node: TestServer
let env: Parameters<typeof toOptions>[0]

beforeAll(async () => {
  keys = await startServer((request, response) => {
    if (request.url?.startsWith('/revocable/revocations.json'))
      return void response.end(JSON.stringify({ revoked: published.revoked, epochs: {} }))
    if (request.url === '/slow') return
    if (request.url === '/huge') return void response.end(`{"keys":[],"x":"${'x'.repeat(70_000)}"}`)
    if (request.url === '/redirected')
      return void response.writeHead(302, { Location: '/jwks.json' }).end()
    published.fetches += 1
    response.end(JSON.stringify({ keys: published.keys }))
  })
  env = {
    ISSUER,
    JWKS: `${keys.url}/jwks.json`,
    REVOCABLE: `${keys.url}/revocable/jwks.json`,
    ABSENT: 'http://127.0.0.1:1/jwks.json',
    FAULTS: keys.url,
  }
  const guards = Object.entries(toOptions(env)).map(
    ([name, options]) => [name, guard(options)] as const,
  )
  const app = express()
  app.use((request, response, next) => {
    setClock(request.get('x-clock'))
    const [, handler] = guards.find(([name]) => name === (request.get('x-guard') ?? 'plain')) ?? []
    return handler?.(request, response, next)
  })
  app.use((request, response) => {
    response.set({ ETag: '"e"', 'Cache-Control': 'private, max-age=60' })
    response.type('application/json').end(JSON.stringify({ target: request.url }))
  })
  node = await startServer(app)
})
afterAll(() => {
  keys.close()
  node.close()
})

/** The status, and what a client reads of it. */
function compare({ status, headers, body }: EdgeAnswer) {
  const read = (name: string) =>
    headers
      .get(name)
      ?.replace('; charset=utf-8', '')
      .replace(/;charset=utf-8/, '')
  return {
    status,
    headers: Object.fromEntries(COMPARED.map((name) => [name, read(name)])),
    body: status === 200 ? '' : body,
  }
}

describe.each(EDGE_RUNTIMES)('in $name', ({ name, program }) => {
  describe.skipIf(!program)('the guard for fetch', () => {
    let worker: RunningWorker
    beforeAll(async () => {
      worker = await startRuntime(name, { ...env })
    })
    afterAll(() => worker.close())

    const ask = (request: SentRequest, guardName: GuardName = 'plain', port = worker.port) =>
      sendRequest(port, {
        ...request,
        headers: [`x-guard: ${guardName}`, ...(request.headers ?? [])],
      })
    const askNode = (request: SentRequest, guardName?: GuardName) =>
      ask(request, guardName, Number(new URL(node.url).port))
    /** What the handler sees: the text of the URL after the host, and its path and query when parsed. */
    const see = ({ body }: EdgeAnswer) => {
      const { url, target }: { url: string; target: string } = JSON.parse(body)
      return { text: url.replace(/^http:\/\/[\w.:]+/, ''), target }
    }

    test('answers every vector as Node’s guard does', async () => {
      const vectors = listVectors(first, NOW)
      expect(vectors.length).toBeGreaterThan(70)
      const statuses = new Set<number>()
      for (const { name: title, guard: guardName, instead, ...request } of vectors) {
        const [there, here] = [await ask(request, guardName), await askNode(request, guardName)]
        statuses.add(here.status)
        if (instead?.[name] !== undefined)
          expect([title, there.status]).toEqual([title, instead[name]])
        else expect({ title, ...compare(there) }).toEqual({ title, ...compare(here) })
      }
      expect([...statuses].sort()).toEqual([200, 204, 304, 400, 401, 403, 503])
    })

    test.each(NORMALIZATION)('sees what its handler sees of $sent', async ({ sent, seen }) => {
      const answer = await ask({ target: sent, headers: bearer(full) })
      if (typeof seen[name] === 'number') return expect(answer.status).toBe(seen[name])
      expect([answer.status, see(answer).text]).toEqual([200, seen[name]])
      expect(seen[name]).toBe(toSeenTarget(name, sent))
    })

    test('G1: of 500 odd paths, a token for one tileset opens only what its handler reads as that tileset', async () => {
      const paths = listOddPaths('open', 'secret', '3/4/2.pbf')
      expect(paths.length).toBeGreaterThanOrEqual(500)
      let opened = 0
      for (const target of [...paths, ...paths.map((path) => path.replaceAll('secret', 'open'))]) {
        const unrestricted = await ask({ target, headers: bearer(full) })
        const restricted = await ask({ target, headers: bearer(open) })
        if (unrestricted.status !== 200) {
          // The runtime itself has answered.
          expect([target, restricted.status]).toEqual([target, unrestricted.status])
          continue
        }
        const seen = see(unrestricted)
        expect([target, seen.text]).toEqual([target, toSeenTarget(name, target)])
        // What no code can see was sent is judged as the text that the handler gets.
        const text = seen.text.replace(/#.*/s, '')
        const judged = /^[\x21-\x7e]+$/.test(text)
          ? await askNode({ target: text, headers: bearer(open) })
          : { status: 403 }
        expect([target, restricted.status]).toEqual([target, judged.status])
        if (restricted.status !== 200) continue
        opened += 1
        expect(see(restricted).target).toMatch(/^\/data\/open\/\d+\/\d+\/\d+\.pbf$/)
      }
      expect(opened).toBeGreaterThan(0)
    }, 120_000)

    test('G5: a new key is fetched for its first token, and a withdrawn one opens nothing', async () => {
      const renewed = second.sign(times)
      const later = (ahead: number) => [...bearer(renewed), `x-clock: ${ahead}`]
      expect((await ask({ headers: bearer(full) })).status).toBe(200)
      published.keys = second.jwks.keys
      try {
        expect((await ask({ headers: later(60_000) })).status).toBe(200)
        expect((await ask({ headers: bearer(full) })).status).toBe(401)
        const before = published.fetches
        const unknown = Array.from({ length: 20 }, () =>
          ask({ headers: bearer(first.sign(times, { kid: 'k9' })) }),
        )
        expect(new Set((await Promise.all(unknown)).map(({ status }) => status))).toEqual(
          new Set([401]),
        )
        expect(published.fetches - before).toBeLessThanOrEqual(1)
      } finally {
        published.keys = first.jwks.keys
      }
      expect((await ask({ headers: [...bearer(full), 'x-clock: 120000'] })).status).toBe(200)
      expect((await ask({ headers: [...bearer(full), 'x-clock: 0'] })).status).toBe(200)
    })

    test('T16: a revoked token is refused within 6 s', async () => {
      const token = first.sign({ ...times, sub: 'tok_gone' })
      expect((await ask({ headers: bearer(token) }, 'revocable')).status).toBe(200)
      published.revoked = [createHash('sha256').update('tok_gone').digest('base64url').slice(0, 22)]
      try {
        const later = [...bearer(token), 'x-clock: 6000']
        expect((await ask({ headers: later }, 'revocable')).status).toBe(401)
      } finally {
        published.revoked = []
        await ask({ headers: [...bearer(full), 'x-clock: 0'] })
      }
    })
  })
})
