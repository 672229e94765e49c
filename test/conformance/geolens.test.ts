import {
  copyFileSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBroker } from '@tilepass/broker'
import express from 'express'
import fc from 'fast-check'
import { fromUrl } from 'geotiff'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  NOW,
  readClaims,
  runCommand,
  startBroker,
} from '../../server/test/support/broker-under-test.ts'

const COG = fileURLToPath(new URL('../../examples/demo-data/earth.tif', import.meta.url))
const bytes = readFileSync(COG)
const PUBLIC = '0e5b7a52-6f1c-4d7e-9a3b-5c2d1e8f4a60'
const PRIVATE = '9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32'
const ABSENT = '2489e9ad-2ee2-4e00-8ec9-32d5f69181c0'

const DATASETS = {
  earth: { id: PUBLIC, path: COG, account: 'demo', public: true },
  'earth-private': { id: PRIVATE, path: COG, account: 'demo' },
}

/** A broker with a public and a private dataset of `demo`, and another account. */
async function start(options: Parameters<typeof startBroker>[0] = {}) {
  const running = await startBroker({ datasets: DATASETS, ...options })
  const { url, data, post, cli } = running
  const createKey = async (account = 'demo', ...more: string[]) =>
    (
      await cli('token', 'create', '--account', account, '--scope', 'tiles:read', ...more)
    ).out.trim()
  const mint = (id: string, headers: Record<string, string> = {}) =>
    post(`/auth/download-token/${id}`, undefined, headers)
  const mintToken = async (id: string, headers: Record<string, string> = {}): Promise<string> =>
    (await (await mint(id, headers)).json()).token
  const download = (id: string, query = '', init: RequestInit = {}) =>
    fetch(`${url}/datasets/${id}/download/cog${query}`, init)
  const addAccount = (name: string, password: string) =>
    runCommand(data, ['account', 'create', name, '--password-stdin'], { input: password })
  const signIn = async (username: string, password: string): Promise<string> =>
    (await (await post('/token', { username, password })).json()).token
  return { ...running, createKey, mint, mintToken, download, addAccount, signIn }
}

/** Status and problem of a refusal, checked for the shape that all of them have. */
async function readProblem(response: Response) {
  const problem = await response.json()
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  if (response.status === 401) expect(response.headers.get('www-authenticate')).toBe('Bearer')
  expect(problem).toEqual({
    type: 'about:blank',
    title: expect.any(String),
    status: response.status,
    detail: expect.any(String),
  })
  return [response.status, problem.title, problem.detail]
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('POST /auth/download-token/{id}', () => {
  test('answers anybody about a public dataset, with a token of 120 s and no name in it', async () => {
    const { mint, clock } = await start()
    const response = await mint(PUBLIC)
    const body = await response.json()
    expect([response.status, body]).toEqual([200, { token: expect.any(String), expires_in: 120 }])
    expect(response.headers.get('cache-control')).toBe('no-store')
    const claims = readClaims(body.token)
    expect(claims).toMatchObject({ typ: 'download', scope: `dataset:${PUBLIC}` })
    expect(claims).toMatchObject({ iat: clock.now / 1000, exp: clock.now / 1000 + 120 })
    expect(claims).not.toHaveProperty('sub')
    expect(claims).not.toHaveProperty('username')
  })

  test('names the account that asked, however it proved who it is', async () => {
    const { mintToken, createKey, addAccount, signIn, post, cli } = await start()
    await addAccount('city', 'correct horse')
    const added = await cli('dataset', 'add', 'map', COG, '--account', 'city')
    const id = added.out.trim()
    const session = await signIn('city', 'correct horse')
    const key = await createKey('city')
    const tokens = [
      await mintToken(id, bearer(session)),
      await mintToken(id, bearer(key)),
      await mintToken(id, { 'x-api-key': key }),
      (await (await post(`/auth/download-token/${id}?api_key=${key}`)).json()).token,
    ]
    for (const token of tokens)
      expect(readClaims(token)).toMatchObject({ sub: 'usr_city', username: 'city' })
  })

  test('C1: nobody, a stranger and an absent dataset get the same 404', async () => {
    const { mint, createKey, cli } = await start()
    await cli('account', 'create', 'other')
    const key = { 'x-api-key': await createKey('other') }
    const answers = await Promise.all(
      [mint(PRIVATE), mint(ABSENT), mint(PRIVATE, key), mint(ABSENT, key)].map(async (answer) =>
        readProblem(await answer),
      ),
    )
    for (const answer of answers) expect(answer).toEqual([404, 'Not Found', 'Dataset not found'])
  })

  test('a credential that is not good is 401, also on a public dataset', async () => {
    const { mint, createKey, cli, post, clock, mintToken } = await start()
    const revoked = await createKey()
    await cli('token', 'revoke', String(readClaims(revoked).sub))
    const short = await createKey('demo', '--expires-in', '10')
    clock.now += 20_000
    const access = (await (await post('/map-token')).json()).access_token
    const other = await mintToken(PUBLIC)
    const bad: Record<string, string>[] = [
      bearer('nonsense'),
      { authorization: 'Basic dTpw' },
      { 'x-api-key': '' },
      { 'x-api-key': 'nonsense' },
      ...[revoked, short, access, other].flatMap((token) => [
        bearer(token),
        { 'x-api-key': token },
      ]),
    ]
    for (const headers of bad)
      expect(await readProblem(await mint(PUBLIC, headers)), JSON.stringify(headers)).toEqual([
        401,
        'Unauthorized',
        'Not authenticated',
      ])
    for (const query of ['?api_key=', '?api_key=x', '?api_key=x&api_key=x'])
      expect((await mint(`${PUBLIC}${query}`)).status).toBe(401)
  })

  test('a read-only API token may look and never make', async () => {
    const { mint, createKey, download } = await start()
    const key = { 'x-api-key': await createKey('demo', '--read-only') }
    expect(await readProblem(await mint(PRIVATE, key))).toEqual([
      403,
      'Forbidden',
      'This API key is read-only',
    ])
    const response = await download(PRIVATE, '', { headers: key, method: 'HEAD' })
    expect(response.status).toBe(200)
  })

  test.each(['x', '1', `${PUBLIC}0`, 'urn:uuid:1', '%00', '..%2f..'])(
    'the id %s is 422',
    async (id) => {
      const { mint } = await start()
      expect(await readProblem(await mint(id))).toEqual([
        422,
        'Validation Error',
        'path.dataset_id: Input should be a valid UUID',
      ])
    },
  )

  test('an id in capitals is the same dataset', async () => {
    const { mintToken, download } = await start()
    const token = await mintToken(PUBLIC.toUpperCase())
    expect(readClaims(token).scope).toBe(`dataset:${PUBLIC}`)
    const response = await download(PUBLIC.toUpperCase(), `?token=${token}`, { method: 'HEAD' })
    expect(response.status).toBe(200)
  })

  test('the 61st of a minute is 429 with Retry-After; an account is counted apart', async () => {
    const { mint, createKey } = await start()
    for (let count = 0; count < 60; count++) await (await mint(PUBLIC)).body?.cancel()
    const limited = await mint(PUBLIC)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await readProblem(limited)).toEqual([429, 'Too Many Requests', 'Too many requests'])
    expect((await mint(PUBLIC, { 'x-forwarded-for': '192.0.2.1' })).status).toBe(429)
    expect((await mint(PUBLIC, { 'x-api-key': await createKey() })).status).toBe(200)
  })

  test('other methods are 405; a preflight needs no credential', async () => {
    const { url } = await start()
    const path = `${url}/auth/download-token/${PRIVATE}`
    const refused = await fetch(path)
    expect(refused.headers.get('allow')).toBe('POST, OPTIONS')
    expect((await readProblem(refused))[0]).toBe(405)
    const preflight = await fetch(path, { method: 'OPTIONS' })
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'POST, OPTIONS',
    ])
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-Api-Key')
  })
})

describe('GET /datasets/{id}/download/cog', () => {
  test('sends the file as a download that no Referer tells of', async () => {
    const { mintToken, download, createKey } = await start()
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

  test('HEAD says the same without the file', async () => {
    const { download } = await start()
    const response = await download(PUBLIC, '', { method: 'HEAD' })
    expect(response.headers.get('content-length')).toBe(String(bytes.length))
    expect(await response.text()).toBe('')
  })

  test('ranges are 206, ranges outside of the file 416', async () => {
    const { download } = await start()
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

  test('a strong ETag answers If-None-Match, If-Match and If-Range', async () => {
    const folder = await start()
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

  test('a file of 5 GB is streamed in ranges, and whole to whoever breaks off', async () => {
    const { data, cli, download } = await start()
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

  test('geotiff.js reads it, overviews and all', async () => {
    const { url, mintToken, createKey } = await start()
    const token = await mintToken(PRIVATE, { 'x-api-key': await createKey() })
    const tiff = await fromUrl(`${url}/datasets/${PRIVATE}/download/cog?token=${token}`)
    const image = await tiff.getImage(3)
    expect([image.getWidth(), image.getHeight()]).toEqual([256, 128])
    const raster = await image.readRasters({ window: [0, 0, 8, 8] })
    expect(raster.length).toBe(3)
  })

  test('T15: a download token opens one dataset for 120 s, and nothing else', async () => {
    const { mintToken, download, createKey, post, url, clock, broker } = await start()
    const key = { 'x-api-key': await createKey() }
    const token = await mintToken(PRIVATE, key)
    const authorization = `Bearer ${token}`
    expect(await readProblem(await download(PUBLIC, `?token=${token}`))).toEqual([
      401,
      'Unauthorized',
      'Download token scope does not match this dataset',
    ])
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
      expect((await download(PRIVATE, `?token=${token}`, { method })).status).toBe(405)
    for (const path of ['/v1/auth/token', '/logout'])
      expect((await post(path, {}, { authorization })).status).toBe(401)
    expect((await fetch(`${url}/account`, { headers: { authorization } })).status).toBe(401)
    await expect(broker.verifier.verify(token)).rejects.toThrow()
    expect((await download(PRIVATE, '', { headers: { authorization } })).status).toBe(401)

    clock.now += 119_999
    expect((await download(PRIVATE, `?token=${token}`, { method: 'HEAD' })).status).toBe(200)
    clock.now += 1
    expect(await readProblem(await download(PRIVATE, `?token=${token}`))).toEqual([
      401,
      'Unauthorized',
      'Invalid or expired download token',
    ])
  })

  test('?token= wants a download token: anything else of ours is told so, the rest is invalid', async () => {
    const { download, createKey, addAccount, signIn, post, mintToken } = await start()
    await addAccount('city', 'correct horse')
    const access = (await (await post('/map-token')).json()).access_token
    for (const token of [await createKey(), await signIn('city', 'correct horse'), access])
      expect((await readProblem(await download(PUBLIC, `?token=${token}`)))[2]).toBe(
        "Query-param ?token= requires a download-scoped JWT (typ='download'); use Authorization header for session tokens",
      )
    const good = await mintToken(PUBLIC)
    const [head = '', body = '', signature = ''] = good.split('.')
    const plain = Buffer.from('{"alg":"none","typ":"JWT","kid":"x"}').toString('base64url')
    const bad = [
      '',
      'x',
      `${good}=`,
      `${head}.${body}.`,
      `${plain}.${body}.${signature}`,
      `${good}.x`,
    ]
    for (const token of bad)
      expect((await readProblem(await download(PUBLIC, `?token=${token}`)))[2], token).toBe(
        'Invalid or expired download token',
      )
    expect((await download(PUBLIC, `?token=${good}&token=${good}`)).status).toBe(401)
  })

  test('the identity of the header wins over ?token=', async () => {
    const { download, createKey, mintToken, cli } = await start()
    await cli('account', 'create', 'other')
    const owner = { 'x-api-key': await createKey() }
    const token = await mintToken(PRIVATE, owner)
    const headers = { 'x-api-key': await createKey('other') }
    expect((await readProblem(await download(PRIVATE, `?token=${token}`, { headers })))[2]).toBe(
      'Dataset not found',
    )
    expect((await download(PRIVATE, '?token=x', { headers: owner, method: 'HEAD' })).status).toBe(
      200,
    )
    const bad = await download(PRIVATE, `?token=${token}`, { headers: bearer('x') })
    expect((await readProblem(bad))[2]).toBe('Not authenticated')
  })

  test('without any credential a private and an absent dataset are alike', async () => {
    const { download } = await start()
    for (const id of [PRIVATE, ABSENT])
      expect(await readProblem(await download(id))).toEqual([
        401,
        'Unauthorized',
        'Authentication required',
      ])
    expect((await readProblem(await download('x')))[0]).toBe(422)
  })

  test('a file that is no raster is 400, one that is gone 404', async () => {
    const { data, cli, download } = await start()
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

  test('T16: a disabled account takes its download tokens along', async () => {
    const { mintToken, download, addAccount, signIn, cli } = await start()
    await addAccount('city', 'correct horse')
    const id = (await cli('dataset', 'add', 'map', COG, '--account', 'city')).out.trim()
    const token = await mintToken(id, bearer(await signIn('city', 'correct horse')))
    await cli('account', 'disable', 'city')
    expect((await download(id, `?token=${token}`)).status).toBe(401)
  })
})

describe('the catalogue', () => {
  test('"dataset add" prints the id alone, "dataset list" shows what there is', async () => {
    const { cli } = await start()
    const added = await cli('dataset', 'add', 'map.2026', COG, '--account', 'demo')
    expect(added.out).toMatch(/^[0-9a-f-]{36}\n$/)
    const list = JSON.parse((await cli('dataset', 'list', '--json')).out)
    expect(list.map(({ name }: { name: string }) => name)).toEqual([
      'earth',
      'earth-private',
      'map.2026',
    ])
    expect(list[2]).toEqual({
      id: added.out.trim(),
      name: 'map.2026',
      account: 'demo',
      path: COG,
      kind: 'raster',
      public: false,
      created: expect.stringMatching(/Z$/),
    })
    expect((await cli('dataset', 'list')).out).toContain('private')
  })

  test.each([
    ['a name with a slash', ['a/b', COG, '--account', 'demo'], 2, 'The name must be'],
    ['a name that is taken', ['earth', COG, '--account', 'demo'], 1, 'already'],
    ['no such file', ['x', '/nowhere.tif', '--account', 'demo'], 1, 'cannot be read'],
    ['a folder', ['x', '/', '--account', 'demo'], 1, 'cannot be read'],
    ['no such account', ['x', COG, '--account', 'nobody'], 1, 'There is no account "nobody"'],
    ['no account', ['x', COG], 2, '--account'],
  ])('"dataset add" refuses %s', async (_, args, code, message) => {
    const { cli } = await start()
    const result = await cli('dataset', 'add', ...args)
    expect([result.code, result.out]).toEqual([code, ''])
    expect(result.error).toContain(message)
  })

  test('a configured dataset follows its configuration from start to start', async () => {
    const first = await start()
    const key = await first.createKey()
    const added = await first.cli('dataset', 'add', 'own', COG, '--account', 'demo', '--public')
    await first.broker.close()
    const earth = { id: PUBLIC.toUpperCase(), path: COG, account: 'demo' }
    const { download, cli } = await start({ data: first.data, datasets: { earth } })
    expect((await download(PUBLIC)).status).toBe(401)
    // What the configuration lists no more is gone; what was added by hand stays.
    expect((await download(PRIVATE, `?api_key=${key}`)).status).toBe(404)
    expect((await download(added.out.trim(), '', { method: 'HEAD' })).status).toBe(200)
    expect((await cli('dataset', 'remove', 'own')).code).toBe(0)
    expect((await download(added.out.trim())).status).toBe(401)
    expect((await cli('dataset', 'remove', 'own')).code).toBe(1)
  })

  test('a configured dataset cannot take the name or the id of another', async () => {
    const { data, cli, broker } = await start()
    await cli('dataset', 'add', 'own', COG, '--account', 'demo')
    await broker.close()
    const own = { id: ABSENT, path: COG, account: 'demo' }
    await expect(startBroker({ data, datasets: { own } })).rejects.toThrow('dataset remove own')
    await expect(startBroker({ data, datasets: { a: own, b: own } })).rejects.toThrow(
      'datasets.b.id: must be unique among the datasets',
    )
  })

  test.each([
    ['id', { id: 'x', path: COG, account: 'demo' }, 'datasets.a.id: must be a UUID'],
    [
      'path',
      { id: PUBLIC, path: '/nowhere', account: 'demo' },
      'datasets.a.path: must be a readable',
    ],
    ['account', { id: PUBLIC, path: COG, account: 'x' }, 'datasets.a.account: must be an account'],
  ])('a configured dataset without a good %s stops the start', async (_, dataset, message) => {
    await expect(startBroker({ datasets: { a: dataset } })).rejects.toThrow(message)
  })
})

test('mounted under a path, behind a parser of the host app, it answers alike', async () => {
  const { data, createKey, broker } = await start()
  const key = await createKey()
  await broker.close()
  const mounted = await createBroker({ data, datasets: DATASETS, now: () => NOW })
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

test('no query, header or id makes it fail, or answer in another shape', async () => {
  const { url } = await start({ downloadTokensPerMinute: 100_000 })
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
