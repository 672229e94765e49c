import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transformWithOxc } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestIssuer } from '../../packages/guard/test/support/issuer.ts'
import { startServer, type TestServer } from '../support/servers/start-server.ts'
import { createProject, findSnippet } from '../support/snippets.ts'

interface Message {
  readonly status?: string
  readonly headers: Readonly<Record<string, readonly { readonly key?: string; value: string }[]>>
}
interface Functions {
  viewerRequest(event: object): Promise<Message & { readonly uri: string; querystring: string }>
  viewerResponse(event: object): Promise<Message>
}

const PAGE = 'Tiles behind CloudFront: Lambda@Edge'
const issuer = createTestIssuer()
let keys: TestServer
let folder: string
let functions: Functions

beforeAll(async () => {
  keys = await startServer((_request, response) => {
    response.end(JSON.stringify(issuer.jwks))
  })
  folder = createProject()
  const { code } = findSnippet('docs/guard/aws.md', PAGE, 'ts')
  expect(code).toContain("'https://maps.example'")
  // On a busy machine the keys may be late.
  const own = code.replace('https://maps.example', keys.url).replace('2_000', '30_000')
  const file = join(folder, 'aws.mjs')
  writeFileSync(file, (await transformWithOxc(own, 'aws.ts')).code)
  functions = await import(pathToFileURL(file).href)
})
afterAll(() => {
  keys.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A token for the tileset `world`, or for all. */
function sign(isRestricted: boolean): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: keys.url, aud: keys.url, iat, exp: iat + 600 }
  return isRestricted ? issuer.signTiles({ tilesets: ['world'] }, claims) : issuer.sign(claims)
}

/** An event of a viewer request, as AWS documents it. @param target Path and query. */
function toEvent(target: string, token?: string, method = 'GET') {
  const [uri = '', querystring = ''] = target.split('?')
  const headers = {
    host: [{ key: 'Host', value: 'd111111abcdef8.cloudfront.net' }],
    origin: [{ key: 'Origin', value: 'https://map.example' }],
    cookie: [{ key: 'Cookie', value: 'a=1' }],
    ...(token ? { authorization: [{ key: 'Authorization', value: `Bearer ${token}` }] } : {}),
  }
  const config = { distributionId: 'EDFDVBD6EXAMPLE', eventType: 'viewer-request' }
  const request = { clientIp: '203.0.113.178', method, uri, querystring, headers }
  return { Records: [{ cf: { config, request } }] }
}

test('the viewer request function answers what has no right, with CORS, and OPTIONS', async () => {
  const refused = await functions.viewerRequest(toEvent('/world/0/0/0.mvt'))
  expect(refused.status).toBe('401')
  expect(refused.headers).toMatchObject({
    'access-control-allow-origin': [{ value: '*' }],
    'cache-control': [{ value: 'no-store' }],
    'www-authenticate': [{ value: expect.stringMatching(/^Bearer/) }],
  })
  const preflight = await functions.viewerRequest(toEvent('/world/0/0/0.mvt', '', 'OPTIONS'))
  expect(preflight.status).toBe('204')
})

test('it passes a request on without its token, cookie and query', async () => {
  const { uri, querystring, headers } = await functions.viewerRequest(
    toEvent('/world/0/0/0.mvt?v=1', sign(false)),
  )
  expect([uri, querystring]).toEqual(['/world/0/0/0.mvt', ''])
  expect(Object.keys(headers)).toEqual(['host', 'origin'])
})

test.each([
  ['/world/0/0/0.mvt', '/world/0/0/0.mvt'],
  ['/other/0/0/0.mvt', '403'],
  ['/world/0/0/0.mvt?v=1', '403'],
  // CloudFront goes on with the path that was judged.
  ['/other/../world/0/0/0.mvt', '/world/0/0/0.mvt'],
  ['/other/%2e%2e\\world/0/0/0.mvt', '/world/0/0/0.mvt'],
  ['/world/../other/0/0/0.mvt', '403'],
  ['/world%2f..%2fother/0/0/0.mvt', '403'],
  ['//world/0/0/0.mvt', '403'],
])('a token for the tileset "world" gets for %s: %s', async (target, expected) => {
  const { status, uri } = await functions.viewerRequest(toEvent(target, sign(true)))
  expect(status ?? uri).toBe(expected)
})

test('the viewer response function makes an answer private, and keeps the rest of it', async () => {
  const response = {
    status: '200',
    headers: {
      etag: [{ key: 'ETag', value: '"1"' }],
      'cache-control': [{ key: 'Cache-Control', value: 'public, max-age=86400' }],
    },
  }
  const { request } = toEvent('/world/0/0/0.mvt').Records[0]?.cf ?? {}
  const sent = await functions.viewerResponse({ Records: [{ cf: { request, response } }] })
  expect(sent).toMatchObject({
    status: '200',
    headers: {
      etag: [{ value: '"1"' }],
      'cache-control': [{ value: 'private, max-age=3600' }],
      vary: [{ value: 'Authorization' }],
      'access-control-allow-origin': [{ value: '*' }],
    },
  })
})
