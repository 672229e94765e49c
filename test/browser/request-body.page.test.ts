import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { describe, expect } from 'vitest'
import { LIBRARIES } from '../support/pages/libraries.ts'
import { test as pageTest } from '../support/pages/page-test.ts'
import { startServer } from '../support/servers/start-server.ts'

const PAGE = '<link rel="icon" href="data:,"><script src="/lib/tilepass-core.iife.js"></script>'

// biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
const test = pageTest.extend('site', async ({}, { onCleanup }) => {
  const counts = { exchanges: 0 }
  /** Refuses the first token, and answers with the body of the request. */
  const { url, close } = await startServer(async (request, response) => {
    const body = await text(request)
    const credentials = `${request.headers.authorization}${request.url}`
    const library = LIBRARIES[request.url ?? '']
    if (request.url === '/map-token') {
      counts.exchanges += 1
      const access_token = `canary-${counts.exchanges}`
      response.end(JSON.stringify({ access_token, expires_in: 60 }))
    } else if (request.url === '/') {
      response.setHeader('content-type', 'text/html')
      response.end(PAGE)
    } else if (library) response.end(readFileSync(library))
    else response.writeHead(credentials.includes('canary-1') ? 401 : 200).end(body)
  })
  onCleanup(close)
  return { url, counts }
})

describe.concurrent('tokens.fetch over HTTP/1.1', () => {
  test.for(['header', { query: 'token' }])(
    'with %j sends the body of a Request, and sends it again after a refusal',
    async (attach, { site, openPage }) => {
      const { page } = await openPage(`${site.url}/`)
      const answers = await page.evaluate(async (attach) => {
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
      expect(site.counts.exchanges).toBe(2)
    },
  )
})
