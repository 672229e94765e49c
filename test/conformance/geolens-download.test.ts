import { copyFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createBroker } from '@tilepass/broker'
import express from 'express'
import fc from 'fast-check'
import { fromUrl } from 'geotiff'
import { describe, expect, onTestFinished, test } from 'vitest'
import { NOW, storeSettings } from '../support/brokers/broker-under-test.ts'
import {
  bytes,
  COG,
  DATASETS,
  PRIVATE,
  PUBLIC,
  readProblem,
  startGeolensBroker,
} from '../support/brokers/geolens-broker.ts'

describe('GET /datasets/{id}/download/cog', () => {
  test('sends the file as a download and keeps the URL out of the Referer', async () => {
    const { mintToken, download, createKey } = await startGeolensBroker()
    const token = await mintToken(PRIVATE, { 'x-api-key': await createKey() })
    for (let count = 0; count < 2; count++) {
      const response = await download(PRIVATE, `?token=${token}`)
      expect(response.status).toBe(200)
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-disposition': 'attachment; filename=earth-private.tif',
        'content-type': 'image/tiff; application=geotiff; profile=cloud-optimized',
        'referrer-policy': 'no-referrer',
        'accept-ranges': 'bytes',
        'cache-control': 'private, no-cache',
        'x-content-type-options': 'nosniff',
        'access-control-allow-origin': '*',
      })
    }
  })

  test('HEAD answers with the same headers and no body', async () => {
    const { download } = await startGeolensBroker()
    const response = await download(PUBLIC, '', { method: 'HEAD' })
    expect(response.headers.get('content-length')).toBe(String(bytes.length))
    expect(await response.text()).toBe('')
  })

  test('ranges are 206; ranges outside the file are 416', async () => {
    const { download } = await startGeolensBroker()
    const ask = (range: string) => download(PUBLIC, '', { headers: { range } })
    const middle = await ask('bytes=10-19')
    expect([middle.status, middle.headers.get('content-range')]).toEqual([
      206,
      `bytes 10-19/${bytes.length}`,
    ])
    expect(Buffer.from(await middle.arrayBuffer()).equals(bytes.subarray(10, 20))).toBe(true)
    const tail = await ask('bytes=-16')
    expect(Buffer.from(await tail.arrayBuffer()).equals(bytes.subarray(-16))).toBe(true)
    const outside = await ask(`bytes=${bytes.length}-`)
    expect(outside.headers.get('content-range')).toBe(`bytes */${bytes.length}`)
    expect(outside.headers.get('content-disposition')).toBeNull()
    expect((await readProblem(outside))[0]).toBe(416)
  })

  test('a suffix longer than the file is 206 with the whole file (RFC 9110 §14.1.2)', async () => {
    const { download } = await startGeolensBroker()
    for (const length of [bytes.length + 1, '999999999999', '9'.repeat(40)]) {
      const whole = await download(PUBLIC, '', { headers: { range: `bytes=-${length}` } })
      expect([whole.status, whole.headers.get('content-range')]).toEqual([
        206,
        `bytes 0-${bytes.length - 1}/${bytes.length}`,
      ])
      expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true)
    }
    expect((await download(PUBLIC, '', { headers: { range: 'bytes=-0' } })).status).toBe(416)
  })

  test('HEAD ignores Range (RFC 9110 §14.2)', async () => {
    const { download } = await startGeolensBroker()
    for (const range of ['bytes=0-9', 'bytes=-9', `bytes=${bytes.length}-`]) {
      const { status, headers } = await download(PUBLIC, '', { method: 'HEAD', headers: { range } })
      expect([range, status, headers.get('content-length')]).toEqual([
        range,
        200,
        `${bytes.length}`,
      ])
      expect(headers.get('content-range')).toBeNull()
    }
  })

  test('a strong ETag answers If-None-Match, If-Match and If-Range', async () => {
    const folder = await startGeolensBroker()
    const path = join(folder.data, 'own.tif')
    copyFileSync(COG, path)
    const id = (await folder.cli('dataset', 'add', 'own', path, '--account', 'demo', '--public'))
      .out
    const ask = (headers: Record<string, string>) => folder.download(id.trim(), '', { headers })
    const etag = (await ask({ range: 'bytes=0-0' })).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]+"$/)
    const cases: [Record<string, string>, number][] = [
      [{ 'if-none-match': etag }, 304],
      [{ 'if-none-match': '*' }, 304],
      [{ 'if-none-match': '"x"' }, 200],
      [{ 'if-none-match': etag, range: 'bytes=0-0' }, 304],
      [{ 'if-match': etag }, 200],
      [{ 'if-match': '"x"' }, 412],
      [{ 'if-range': etag, range: 'bytes=0-0' }, 206],
      [{ 'if-range': '"x"', range: 'bytes=0-0' }, 200],
      [{ 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 412],
    ]
    for (const [headers, status] of cases) {
      const response = await ask(headers)
      expect([headers, response.status]).toEqual([headers, status])
      if (status === 412) expect((await readProblem(response))[0]).toBe(412)
      else await response.body?.cancel()
    }
    utimesSync(path, 1, 1)
    expect((await ask({ 'if-match': etag })).status).toBe(412)
    expect((await ask({ 'if-range': etag, range: 'bytes=0-0' })).status).toBe(200)
  })

  test('a file of 5 GB is streamed, in ranges and to clients that abort a whole download', async () => {
    const { data, cli, download } = await startGeolensBroker()
    const path = join(data, 'large.tif')
    copyFileSync(COG, path)
    truncateSync(path, 5_000_000_000)
    const id = (
      await cli('dataset', 'add', 'large', path, '--account', 'demo', '--public')
    ).out.trim()
    const tail = await download(id, '', { headers: { range: 'bytes=4999999990-' } })
    expect([tail.status, (await tail.arrayBuffer()).byteLength]).toEqual([206, 10])
    const before = process.memoryUsage().rss
    for (let count = 0; count < 5; count++) {
      const reader = (await download(id)).body?.getReader()
      for (let read = 0; read < 20; read++) await reader?.read()
      await reader?.cancel()
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000)
  })

  test('geotiff.js reads it, including the overviews', async () => {
    const { url, mintToken, createKey } = await startGeolensBroker()
    const token = await mintToken(PRIVATE, { 'x-api-key': await createKey() })
    const tiff = await fromUrl(`${url}/datasets/${PRIVATE}/download/cog?token=${token}`)
    const image = await tiff.getImage(3)
    expect([image.getWidth(), image.getHeight()]).toEqual([256, 128])
    const raster = await image.readRasters({ window: [0, 0, 8, 8] })
    expect(raster.length).toBe(3)
  })

  test('a file that is not a raster is 400; a deleted file is 404', async () => {
    const { data, cli, download } = await startGeolensBroker()
    const path = join(data, 'notes.txt')
    writeFileSync(path, 'not a raster')
    const gone = join(data, 'gone.tif')
    copyFileSync(COG, gone)
    const add = async (name: string, file: string) =>
      (await cli('dataset', 'add', name, file, '--account', 'demo', '--public')).out.trim()
    const [notes, lost] = [await add('notes', path), await add('gone', gone)]
    rmSync(gone)
    expect(await readProblem(await download(notes))).toEqual([
      400,
      'Bad Request',
      'Not a raster dataset',
    ])
    expect(await readProblem(await download(lost))).toEqual([
      404,
      'Not Found',
      'Raster asset not found',
    ])
  })
})

test('mounted under a path, behind a parser of the host application, it answers in the same way', async () => {
  const { data, createKey, broker } = await startGeolensBroker()
  const key = await createKey()
  await broker.close()
  const mounted = await createBroker({
    ...(await storeSettings(data)),
    datasets: DATASETS,
    now: () => NOW,
  })
  const app = express().use(express.json()).use('/maps', mounted.router)
  const server = app.listen(0)
  onTestFinished(() => {
    server.close()
    return mounted.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const base = `http://127.0.0.1:${port}/maps`
  const headers = { 'x-api-key': key }
  const minted = await fetch(`${base}/auth/download-token/${PRIVATE}`, { method: 'POST', headers })
  const { token } = await minted.json()
  const response = await fetch(`${base}/datasets/${PRIVATE}/download/cog?token=${token}`)
  expect((await response.arrayBuffer()).byteLength).toBe(bytes.length)
  expect((await readProblem(await fetch(`${base}/datasets/${PRIVATE}/download/cog`)))[0]).toBe(401)
})

test('no query, header or id causes a server error or an answer of another shape', async () => {
  const { url } = await startGeolensBroker({ downloadTokensPerMinute: 100_000 })
  const text = fc.string({ unit: 'binary', maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(text, fc.uuid(), fc.constantFrom(PUBLIC, PRIVATE)),
      fc.constantFrom('token', 'api_key', 'x'),
      text,
      fc.string({ maxLength: 60 }),
      fc.boolean(),
      async (id, name, value, header, isMint) => {
        const query = new URLSearchParams({ [name]: value })
        const path = isMint ? `auth/download-token/${enc(id)}` : `datasets/${enc(id)}/download/cog`
        const headers: Record<string, string> = /^[\x21-\x7e]*$/.test(header)
          ? { range: `bytes=${header}`, 'if-none-match': header, 'x-api-key': header }
          : {}
        const response = await fetch(`${url}/${path}?${query}`, {
          method: isMint ? 'POST' : 'GET',
          headers,
        })
        expect(response.status).toBeLessThan(500)
        if (response.status >= 400 && id !== '')
          expect(await response.json()).toHaveProperty('title')
        else await response.body?.cancel()
      },
    ),
    { numRuns: 150 },
  )
})

const enc = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, ''))

describe('a public dataset of a disabled account', () => {
  test('is closed to everybody, with and without a credential or a download token', async () => {
    const { cli, addAccount, signIn, createKey, mint, mintToken, download } =
      await startGeolensBroker()
    await addAccount('other', 'correct horse')
    const session = await signIn('other', 'correct horse')
    const key = await createKey('other')
    const tokens = [await mintToken(PUBLIC), await mintToken(PUBLIC, { 'x-api-key': key })]
    const ways: [string, RequestInit][] = [
      ['', {}],
      [`?api_key=${key}`, {}],
      ['', { headers: { authorization: `Bearer ${session}` } }],
      ...tokens.map((token): [string, RequestInit] => [`?token=${token}`, {}]),
    ]
    const tryAll = () =>
      Promise.all(ways.map(async ([query, init]) => (await download(PUBLIC, query, init)).status))
    expect(await tryAll()).toEqual(ways.map(() => 200))
    expect((await cli('account', 'disable', 'demo')).code).toBe(0)
    expect(await tryAll()).toEqual([401, 404, 404, 404, 404])
    expect((await mint(PUBLIC)).status).toBe(404)
    expect((await mint(PUBLIC, { 'x-api-key': key })).status).toBe(404)
  })
})
