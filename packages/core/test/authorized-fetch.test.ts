import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTokenManager } from '../src/index.ts'

let server: Server
let base: string
let seen: { method: string; url: string; authorization: string | undefined; body: string }[]
let handle: (request: IncomingMessage, response: ServerResponse) => void
let issued: number

beforeEach(async () => {
  seen = []
  issued = 0
  handle = (_request, response) => response.end('ok')
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    if (request.url === '/map-token') {
      issued += 1
      seen.push({ method: 'POST', url: '/map-token', authorization: undefined, body })
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({ access_token: `canary-${issued}`, token_type: 'Bearer', expires_in: 60 }),
      )
      return
    }
    seen.push({
      method: request.method ?? '',
      url: request.url ?? '',
      authorization: request.headers.authorization,
      body,
    })
    handle(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const manage = (query = false) =>
  createTokenManager(`${base}/map-token`, {
    allow: [query ? { prefix: `${base}/v1/`, attach: { query: 'token' } } : `${base}/v1/`],
    grant: 'city',
  })
const refuse = (...values: string[]) => {
  handle = (request, response) => {
    const value =
      request.headers.authorization?.slice(7) ??
      new URL(request.url ?? '', base).searchParams.get('token')
    response.writeHead(values.includes(value ?? '') ? 401 : 200).end('ok')
  }
}
const tiles = () => seen.filter(({ url }) => url !== '/map-token')

test('the grant travels in the body of the exchange', async () => {
  await manage().fetch(`${base}/v1/a`)
  expect(seen[0]).toMatchObject({ url: '/map-token', body: '{"grant":"city"}' })
  expect(seen[1]).toMatchObject({ url: '/v1/a', authorization: 'Bearer canary-1' })
})

test('a refused request is replayed once with a new token, body and all', async () => {
  refuse('canary-1')
  const response = await manage().fetch(`${base}/v1/a`, {
    method: 'POST',
    body: 'hello',
    headers: { 'x-mine': '1' },
  })
  expect(response.status).toBe(200)
  expect(tiles()).toMatchObject([
    { method: 'POST', authorization: 'Bearer canary-1', body: 'hello' },
    { method: 'POST', authorization: 'Bearer canary-2', body: 'hello' },
  ])
})

test('a server that refuses every token gets two requests, and its answer is returned', async () => {
  refuse('canary-1', 'canary-2', 'canary-3')
  const response = await manage().fetch(`${base}/v1/a`)
  expect(response.status).toBe(401)
  expect(tiles().length).toBe(2)
})

test('ten requests that are refused at once cost one exchange', async () => {
  const tokens = manage()
  await tokens.getToken()
  refuse('canary-1')
  const all = await Promise.all(
    Array.from({ length: 10 }, (_, i) => tokens.fetch(`${base}/v1/${i}`)),
  )
  expect(all.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect(issued).toBe(2)
  expect(tiles().length).toBe(20)
})

test('a query rule puts the token in the query and nowhere else', async () => {
  refuse('canary-1')
  expect((await manage(true).fetch(`${base}/v1/a?x=1`)).status).toBe(200)
  expect(tiles().map(({ url, authorization }) => [url, authorization])).toEqual([
    ['/v1/a?x=1&token=canary-1', undefined],
    ['/v1/a?x=1&token=canary-2', undefined],
  ])
})

test('P2: a redirect is followed, and no token goes to another origin', async () => {
  const bucket = createServer((request, response) => {
    seen.push({ method: '', url: 'bucket', authorization: request.headers.authorization, body: '' })
    response.end('from the bucket')
  })
  bucket.listen(0, '127.0.0.1')
  await once(bucket, 'listening')
  const location = `http://127.0.0.1:${(bucket.address() as AddressInfo).port}/signed`
  handle = (_request, response) => response.writeHead(302, { location }).end()
  expect(await (await manage().fetch(`${base}/v1/a`)).text()).toBe('from the bucket')
  expect(tiles()).toMatchObject([{ authorization: 'Bearer canary-1' }, { url: 'bucket' }])
  expect(tiles()[1]?.authorization).toBeUndefined()
  bucket.close()
})

test('a refusal by whom "allow" does not cover, after a redirect, rejects no token', async () => {
  handle = ({ url }, response) =>
    url?.startsWith('/v1/')
      ? response.writeHead(302, { location: '/elsewhere' }).end()
      : response.writeHead(401).end()
  const tokens = manage()
  expect((await tokens.fetch(`${base}/v1/a`)).status).toBe(401)
  expect(tokens.peek()?.value).toBe('canary-1')
  expect(issued).toBe(1)
})

test('a refusal by whom "allow" covers, after a redirect, rejects the token as ever', async () => {
  handle = ({ url, headers }, response) =>
    url === '/v1/a'
      ? response.writeHead(307, { location: '/v1/b' }).end()
      : response.writeHead(headers.authorization === 'Bearer canary-1' ? 401 : 200).end()
  expect((await manage().fetch(`${base}/v1/a`)).status).toBe(200)
  expect(issued).toBe(2)
})

test('the caller decides about redirects as with any fetch', async () => {
  handle = (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end()
  const asked = manage().fetch(`${base}/v1/a`, { redirect: 'error' })
  await expect(asked).rejects.toThrow(TypeError)
  expect(tiles().map(({ url }) => url)).toEqual(['/v1/a'])
})

test('a URL that is not allowed is fetched unchanged, without a token and without an exchange', async () => {
  const response = await manage().fetch(`${base}/v2/a`)
  expect(await response.text()).toBe('ok')
  expect(seen).toMatchObject([{ url: '/v2/a', authorization: undefined }])
})

test('a Request object keeps its method, headers and signal', async () => {
  const abort = new AbortController()
  const request = new Request(`${base}/v1/a`, { method: 'PUT', body: 'x', signal: abort.signal })
  expect((await manage().fetch(request)).status).toBe(200)
  expect(tiles()).toMatchObject([{ method: 'PUT', body: 'x', authorization: 'Bearer canary-1' }])
  const reason = new Error('mine')
  abort.abort(reason)
  await expect(manage().fetch(new Request(`${base}/v1/b`, { signal: abort.signal }))).rejects.toBe(
    reason,
  )
})

test('an endpoint that redirects to a sign-in page gets an error that says so', async () => {
  const tokens = createTokenManager(`${base}/login-first`, { allow: [`${base}/v1/`] })
  tokens.on('error', () => {})
  handle = (_request, response) => response.writeHead(302, { location: '/sign-in' }).end()
  const error = await tokens.renew().catch((error) => error)
  expect(error).toMatchObject({ code: 'ERR_TOKEN_RESPONSE_INVALID' })
  expect(error.message).toMatch(/redirect/)
  tokens.dispose()
})

test('an isAuthFailure that does not read its copy delays nothing', async () => {
  const large = Buffer.alloc(2_000_000)
  handle = (request, response) =>
    response.writeHead(request.headers.authorization === 'Bearer canary-1' ? 403 : 200).end(large)
  const tokens = createTokenManager(`${base}/map-token`, {
    allow: [`${base}/v1/`],
    isAuthFailure: ({ status }) => status === 403,
  })
  const response = await tokens.fetch(`${base}/v1/a`)
  expect(response.status).toBe(200)
  expect((await response.arrayBuffer()).byteLength).toBe(large.length)
})

test('a Request with a body and a query rule is replayed whole', async () => {
  refuse('canary-1')
  const request = new Request(`${base}/v1/a?x=1`, { method: 'POST', body: 'whole' })
  expect((await manage(true).fetch(request)).status).toBe(200)
  expect(tiles()).toMatchObject([
    { url: '/v1/a?x=1&token=canary-1', body: 'whole' },
    { url: '/v1/a?x=1&token=canary-2', body: 'whole' },
  ])
})

test('headers given with a Request replace its own, as with fetch', async () => {
  const request = new Request(`${base}/v1/a`, { headers: { authorization: 'Basic eA==' } })
  const init = { method: 'DELETE', headers: { authorization: 'Basic eQ==' } }
  await manage().fetch(request, init)
  expect(tiles()).toMatchObject([{ method: 'DELETE', authorization: 'Bearer canary-1' }])
})

test('a stream body is sent once, and a refusal is returned', async () => {
  refuse('canary-1')
  const body = new Blob(['once']).stream()
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit
  expect((await manage().fetch(`${base}/v1/a`, init)).status).toBe(401)
  expect(tiles()).toMatchObject([{ method: 'POST', body: 'once' }])
})

test('isAuthFailure is asked once per answer, with a readable body', async () => {
  handle = (request, response) =>
    response.end(request.headers.authorization === 'Bearer canary-1' ? 'code 498' : 'ok')
  const asked: string[] = []
  const tokens = createTokenManager(`${base}/map-token`, {
    allow: [`${base}/v1/`],
    isAuthFailure: async (response) => {
      const text = await response.text()
      asked.push(text)
      return text.includes('498')
    },
  })
  const response = await tokens.fetch(`${base}/v1/a`)
  expect(await response.text()).toBe('ok')
  expect(asked).toEqual(['code 498', 'ok'])
  expect(tiles().map(({ authorization }) => authorization)).toEqual([
    'Bearer canary-1',
    'Bearer canary-2',
  ])
})

test('a covered URL says whether its last answer was a refusal, without asking again', async () => {
  refuse('canary-1', 'canary-2')
  const isAuthFailure = vi.fn(({ status }: Response) => status === 401)
  const tokens = createTokenManager(`${base}/map-token`, {
    allow: [`${base}/v1/`],
    isAuthFailure,
  })
  const answer = await tokens.match(`${base}/v1/a`)?.fetch()
  expect([answer?.refused, answer?.response.status]).toEqual([true, 401])
  expect(isAuthFailure).toHaveBeenCalledTimes(2)
  const next = await tokens.match(`${base}/v1/b`)?.fetch()
  expect([next?.refused, next?.response.status]).toEqual([false, 200])
  expect(isAuthFailure).toHaveBeenCalledTimes(3)
})
