import { fromCustomClient, writeArrayBuffer } from 'geotiff'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGeotiffClient } from '../src/geotiff.ts'
import { createTokenManager, type TokenManager } from '../src/index.ts'
import { type FileServer, startFileServer } from './support/file-server.ts'

const VALUES = Array.from({ length: 64 }, (_, index) => index * 3)

let server: FileServer
let tokens: TokenManager
let url: string

beforeEach(async () => {
  server = await startFileServer()
  server.file = Buffer.from(writeArrayBuffer(VALUES, { height: 8, width: 8 }))
  url = `${server.base}/datasets/7/cog`
  tokens = createTokenManager(`${server.base}/map-token`, {
    allow: [{ prefix: `${server.base}/datasets/7/`, attach: { query: 'token' } }],
  })
})
afterEach(async () => {
  tokens.dispose()
  await server.close()
})

async function readValues() {
  const image = await (await fromCustomClient(createGeotiffClient(tokens, url))).getImage()
  const [band] = (await image.readRasters()) as unknown as [ArrayLike<number>]
  return Array.from(band)
}

test('geotiff reads an image in ranges that carry the token', async () => {
  expect(await readValues()).toEqual(VALUES)
  expect(server.seen.length).toBeGreaterThan(0)
  for (const { url, range, status } of server.seen) {
    expect(url).toBe('/datasets/7/cog?token=canary-1')
    expect(range).toMatch(/^bytes=/)
    expect(status).toBe(206)
  }
})

test('an image that was opened before its token was refused continues with the next token', async () => {
  const image = await (await fromCustomClient(createGeotiffClient(tokens, url))).getImage()
  server.refused = 1
  const [band] = (await image.readRasters()) as unknown as [ArrayLike<number>]
  expect(Array.from(band)).toEqual(VALUES)
  expect(server.issued).toBe(2)
})

test('an answer other than 2xx rejects with its status and without the token', async () => {
  server.intercept = (_request, response) => {
    response.writeHead(404).end()
    return true
  }
  const failed = readValues()
  await expect(failed).rejects.toMatchObject({ status: 404 })
  await expect(failed).rejects.not.toThrow(/canary/)
  server.intercept = undefined
  expect(await readValues()).toEqual(VALUES)
})

test('the client has the URL without a token, and passes the signal on', async () => {
  const client = createGeotiffClient(tokens, url)
  expect(client.url).toBe(url)
  const reason = new Error('enough')
  await expect(client.request({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  const response = await client.request({ headers: { Range: 'bytes=0-3' } })
  expect(response).toMatchObject({ ok: true, status: 206 })
  expect(response.getHeader('content-range')).toMatch(/^bytes 0-3\//)
  expect(response.getHeader('x-none')).toBeUndefined()
  expect((await response.getData()).byteLength).toBe(4)
})
