import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launch, openPage } from '../support/pages/chromium.ts'

const library = new URL('../../packages/core/dist/tilepass-core.iife.js', import.meta.url)
let exchanges = 0
let browser: Browser
let page: string

/** Refuses the first token, and answers the body of a request. */
const server = createServer(async (request, response) => {
  const body = await text(request)
  const token = `${request.headers.authorization}${request.url}`
  if (request.url === '/map-token') {
    exchanges += 1
    response.end(JSON.stringify({ access_token: `canary-${exchanges}`, expires_in: 60 }))
  } else if (request.url === '/') {
    response.setHeader('content-type', 'text/html')
    response.end('<link rel="icon" href="data:,"><script src="/core.js"></script>')
  } else if (request.url === '/core.js') response.end(readFileSync(library))
  else response.writeHead(token.includes('canary-1') ? 401 : 200).end(body)
})

beforeAll(async () => {
  browser = await launch()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(async () => {
  await browser?.close()
  server.closeAllConnections()
  server.close()
})

test.each(['header', { query: 'token' }])(
  'with %j the body of a Request goes out over HTTP/1.1, and once more after a refusal',
  async (attach) => {
    exchanges = 0
    const opened = await openPage(browser, page)
    const answers = await opened.page.evaluate(async (attach) => {
      const { createTokenManager } = (
        globalThis as unknown as { tilepass: typeof import('@tilepass/core') }
      ).tilepass
      const rule = { prefix: '/v1/', attach: attach as 'header' }
      const tokens = createTokenManager('/map-token', { allow: [rule] })
      const form = new FormData()
      form.append('name', 'in a form')
      const answers: string[] = []
      for (const [path, init] of [
        ['/v1/a', { body: 'a text' }],
        ['/v1/a', { body: form }],
        ['/v1/a', { body: new Blob(['a blob']), keepalive: true }],
        ['/v2/a', { body: 'off the list' }],
        ['/v1/a', {}],
      ] as [string, RequestInit][]) {
        const request = new Request(path, { method: 'POST', ...init })
        const response = await tokens.fetch(request)
        answers.push(`${response.status} ${await response.text()}`)
      }
      return answers
    }, attach)
    expect(answers).toEqual([
      '200 a text',
      expect.stringContaining('in a form'),
      '200 a blob',
      '200 off the list',
      '200 ',
    ])
    expect(exchanges).toBe(2)
    await opened.page.close()
  },
)
