import { afterAll, describe, expect, test } from 'vitest'
import { protectResponse } from '../../src/fetch/protect-response.ts'
import { listen } from '../support/server.ts'

const ask = (headers: Record<string, string> = {}, method = 'GET') =>
  new Request('https://tiles.example/tile', { headers, method })

function protect(headers: Record<string, string>, status = 200, request = ask()) {
  return protectResponse(request, new Response('tile', { status, headers }), 'Authorization')
}

describe('G4: private, Vary, and an ETag answered by 304', () => {
  test.each<[string, number, string]>([
    ['', 200, 'private, max-age=3600'],
    ['', 404, 'no-store'],
    ['no-store', 200, 'private, no-store'],
    ['max-age=60', 200, 'private, max-age=60'],
    ['private, no-cache', 200, 'private, no-cache'],
    ['public, max-age=60', 200, 'private, max-age=60'],
    ['Public,s-maxage = 9 , max-age=60', 200, 'private, max-age=60'],
    ['private="set-cookie", max-age=60', 200, 'private, max-age=60'],
  ])('Cache-Control "%s" of a %i becomes "%s"', (given, status, expected) => {
    const headers = given === '' ? {} : { 'Cache-Control': given }
    expect(protect(headers, status).headers.get('cache-control')).toBe(expected)
  })

  test('what caches obey before Cache-Control is removed', () => {
    const { headers } = protect({
      'CDN-Cache-Control': 'max-age=60',
      'Cloudflare-CDN-Cache-Control': 'max-age=60',
      'Vercel-CDN-Cache-Control': 'max-age=60',
      'Surrogate-Control': 'max-age=60',
    })
    expect([...headers.keys()].filter((name) => /cdn|surrogate/.test(name))).toEqual([])
  })

  test('the handler’s Vary and CORS headers stay', () => {
    const { headers } = protect({
      Vary: 'Accept',
      'Access-Control-Allow-Origin': 'https://a.example',
    })
    expect(headers.get('vary')).toBe('Accept, Authorization')
    expect(headers.get('access-control-allow-origin')).toBe('https://a.example')
    expect(headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
  })

  test.each(['"a"', 'W/"a"', '"b", "a"', '*'])(
    'If-None-Match %s gets 304 without a body',
    async (tag) => {
      const response = protect(
        { ETag: '"a"', 'Content-Type': 'x/y' },
        200,
        ask({ 'if-none-match': tag }),
      )
      expect([response.status, await response.text()]).toEqual([304, ''])
      expect(response.headers.get('etag')).toBe('"a"')
      expect(response.headers.get('vary')).toBe('Authorization')
      expect(response.headers.get('content-type')).toBeNull()
    },
  )

  test.each<[string, Record<string, string>, number, Request]>([
    ['another ETag', { ETag: '"a"' }, 200, ask({ 'if-none-match': '"b"' })],
    ['no ETag', {}, 200, ask({ 'if-none-match': '*' })],
    ['a 404', { ETag: '"a"' }, 404, ask({ 'if-none-match': '"a"' })],
    ['POST', { ETag: '"a"' }, 200, ask({ 'if-none-match': '"a"' }, 'POST')],
  ])('%s is passed on', async (_, headers, status, request) => {
    const response = protect(headers, status, request)
    expect([response.status, await response.text()]).toEqual([status, 'tile'])
  })
})

test('no body is read: what a handler streams is passed on, or cancelled by a 304', async () => {
  const pulled: string[] = []
  const stream = () =>
    new ReadableStream(
      { pull: () => void pulled.push('pull'), cancel: () => void pulled.push('cancel') },
      { highWaterMark: 0 },
    )
  const headers = { ETag: '"a"' }
  protectResponse(ask(), new Response(stream(), { headers }), '')
  expect(pulled).toEqual([])
  const conditional = ask({ 'if-none-match': '"a"' })
  expect(protectResponse(conditional, new Response(stream(), { headers }), '').status).toBe(304)
  expect(pulled).toEqual(['cancel'])
})

describe('a response whose headers cannot be changed', () => {
  const server = listen((_request, response) => {
    response.setHeader('Cache-Control', 'public').appendHeader('Set-Cookie', 'a=1')
    response.appendHeader('Set-Cookie', 'b=2').end('tile')
  })
  afterAll(async () => (await server).close())

  test('is copied with all it has', async () => {
    const given = await fetch((await server).url)
    expect(() => given.headers.set('x', 'y')).toThrow(TypeError)
    const { headers } = protectResponse(ask(), given, 'Authorization')
    expect(headers.get('cache-control')).toBe('private')
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  test.each([204, 304])('a %i stays one', (status) => {
    expect(protectResponse(ask(), new Response(null, { status }), '').status).toBe(status)
  })
})
