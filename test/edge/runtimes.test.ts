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
/** Headers by which a server sends an answer, whatever the answer is. All others must be the same. */
const OF_SERVERS = new Set([
  ...['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'x-powered-by'],
])

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

/** What must be the same everywhere: the status, every header that a guard or a handler sets, and the body. */
function compare({ status, headers, body }: EdgeAnswer) {
  const set = [...headers].filter(([name]) => !OF_SERVERS.has(name))
  const plain = set.map(([name, value]) => [name, value.replace(/; ?charset=utf-8/, '')])
  // In a parsed URL an empty query is none.
  const seen = status === 200 && body !== '' ? JSON.parse(body).target.replace(/\?$/, '') : body
  return { status, headers: Object.fromEntries(plain.sort()), body: seen }
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
      for (const { name: title, guard: guardName, ...request } of vectors) {
        const [there, here] = [await ask(request, guardName), await askNode(request, guardName)]
        statuses.add(here.status)
        expect({ title, ...compare(there) }).toEqual({ title, ...compare(here) })
      }
      expect([...statuses].sort()).toEqual([200, 204, 304, 400, 401, 403, 503])
    })

    /** How Node's guard judges a text that a handler has got, for a token that is restricted. */
    const judge = async (seen: string, token: string) => {
      // A fragment is no part of what is asked for.
      const text = seen.replace(/#.*/s, '')
      // What no client can send to Node is in no spelling that a restricted token opens.
      if (!/^[\x21-\x7e]+$/.test(text)) return 403
      return (await askNode({ target: text, headers: bearer(token) })).status
    }

    test.each(NORMALIZATION)('judges what its handler sees of $sent', async ({ sent, seen }) => {
      const tokens = ['open', 'a', 'data'].map((tileset) =>
        first.signTiles({ tilesets: [tileset] }, times),
      )
      const answers = await Promise.all(
        [full, ...tokens].map((token) => ask({ target: sent, headers: bearer(token) })),
      )
      const text = seen[name]
      if (typeof text === 'number')
        return expect(answers.map(({ status }) => status)).toEqual(answers.map(() => text))
      const [unrestricted, ...restricted] = answers
      expect([unrestricted?.status, unrestricted && see(unrestricted).text]).toEqual([200, text])
      expect(text).toBe(toSeenTarget(name, sent))
      const judged = await Promise.all(tokens.map((token) => judge(text, token)))
      expect(restricted.map(({ status }) => status)).toEqual(judged)
      for (const answer of restricted)
        if (answer.status === 200) expect(see(answer).text).toBe(text)
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
        expect([target, restricted.status]).toEqual([target, await judge(seen.text, open)])
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
