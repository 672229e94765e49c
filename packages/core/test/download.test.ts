import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { download } from '../src/download.ts'
import { createTokenManager, type TokenManager } from '../src/index.ts'
import { type FileServer, startFileServer } from './support/file-server.ts'

let server: FileServer
let tokens: TokenManager | undefined
let url: string
/** What was clicked, as it was at the click. */
let clicked: { href: string; rel: string; download: string }[]

/** As much of a page as a download needs. */
function standIn(page: string): void {
  vi.stubGlobal('location', new URL(page))
  vi.stubGlobal('document', {
    baseURI: page,
    createElement() {
      const link = {
        href: '',
        rel: '',
        download: 'unset',
        click() {
          const { href, rel, download } = link
          clicked.push({ href, rel, download })
        },
      }
      return link
    },
  })
}

beforeEach(async () => {
  server = await startFileServer()
  server.file = Buffer.from('a file')
  server.headers['content-type'] = 'image/tiff'
  url = `${server.base}/datasets/7/cog.tif`
  clicked = []
  standIn('https://map.example/page')
})
afterEach(async () => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  tokens?.dispose()
  await server.close()
})

function createTokens(attach: 'header' | { query: string }): TokenManager {
  tokens = createTokenManager(`${server.base}/map-token`, {
    allow: [{ prefix: `${server.base}/datasets/7/`, attach }],
  })
  return tokens
}

test('with a query rule it asks for one byte and then clicks a link with the same token', async () => {
  await download(createTokens({ query: 'token' }), url)
  expect(clicked).toEqual([{ href: `${url}?token=canary-1`, rel: 'noreferrer', download: '' }])
  expect(server.seen).toMatchObject([{ method: 'GET', range: 'bytes=0-0', status: 206 }])
})

test('an empty file, which has no first byte, is saved as well', async () => {
  server.intercept = (_request, response) => {
    response.writeHead(416, { 'content-range': 'bytes */0' }).end()
    return true
  }
  await download(createTokens({ query: 'token' }), url)
  expect(clicked).toMatchObject([{ href: `${url}?token=canary-1` }])
})

test('a redirect to a URL that is signed for GET is followed, and no token goes there', async () => {
  const bucket = await startFileServer()
  const asked: (string | undefined)[] = []
  bucket.intercept = ({ method, headers, url }, response) => {
    asked.push(headers.authorization, url)
    response.writeHead(method === 'GET' ? 200 : 403).end('a file')
    return true
  }
  server.intercept = (_request, response) => {
    response.writeHead(302, { location: `${bucket.base}/signed` }).end()
    return true
  }
  await download(createTokens({ query: 'token' }), url)
  expect(clicked).toMatchObject([{ href: `${url}?token=canary-1` }])
  await download(createTokens('header'), url)
  expect(clicked[1]?.href).toMatch(/^blob:/)
  expect(asked).toEqual([undefined, '/signed', undefined, '/signed'])
  await bucket.close()
})

test('a token that was refused in the meantime is replaced before the click', async () => {
  server.refused = 1
  await download(createTokens({ query: 'token' }), url)
  expect(clicked).toMatchObject([{ href: `${url}?token=canary-2` }])
  expect(server.seen.map(({ status }) => status)).toEqual([401, 206])
})

test.each([
  ['query', { query: 'token' }],
  ['header', 'header'],
] as const)(
  'with a %s rule an answer that is not 2xx rejects with its status, and nothing is clicked',
  async (_title, attach) => {
    for (const status of [401, 403, 404, 500]) {
      server.intercept = (_request, response) => {
        response.writeHead(status).end()
        return true
      }
      const failed = download(createTokens(attach), url)
      await expect(failed).rejects.toMatchObject({ status })
      await expect(failed).rejects.not.toThrow(/canary/)
    }
    expect(clicked).toEqual([])
  },
)

test('with a header rule the file is saved as a blob, and no URL holds a token', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await download(createTokens('header'), url)
  const [link] = clicked
  expect(link).toMatchObject({ rel: 'noreferrer', download: 'cog.tif' })
  expect(link?.href).toMatch(/^blob:/)
  expect(await (await fetch(link?.href ?? '')).text()).toBe('a file')
  expect(server.seen).toMatchObject([{ method: 'GET', url: '/datasets/7/cog.tif', status: 200 }])
  vi.runAllTimers()
  await expect(fetch(link?.href ?? '')).rejects.toThrow()
})

test('a blob is named as the server says', async () => {
  server.headers['content-disposition'] = 'attachment; filename="north.tif"'
  await download(createTokens('header'), url)
  expect(clicked[0]?.download).toBe('north.tif')
})

test('a file that a browser would show instead of saving does not replace the map', async () => {
  server.headers['content-type'] = 'image/png'
  await download(createTokens({ query: 'token' }), url)
  expect(clicked[0]?.href).toMatch(/^blob:/)
  expect(server.seen.map(({ range }) => range)).toEqual(['bytes=0-0', ''])
})

test('an attachment, or a file of the same origin, is left to the browser', async () => {
  server.headers['content-type'] = 'application/geo+json'
  server.headers['content-disposition'] = 'attachment'
  await download(createTokens({ query: 'token' }), url)
  delete server.headers['content-disposition']
  standIn(`${server.base}/page`)
  await download(createTokens({ query: 'token' }), url)
  expect(clicked.map(({ href }) => href)).toEqual([
    `${url}?token=canary-1`,
    `${url}?token=canary-2`,
  ])
})

test('a URL that is not allowed gets no token', async () => {
  server.intercept = (_request, response) => {
    response.end('open')
    return true
  }
  const open = `${server.base}/open/file.zip`
  await download(createTokens({ query: 'token' }), open)
  expect(clicked).toMatchObject([{ href: open }])
  expect(server.issued).toBe(0)
})
