import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { parseExchangeRequest } from '../../../src/surfaces/geog/exchange-request.ts'
import { startBroker } from '../../support/broker-under-test.ts'
import { postRaw } from '../../support/raw-request.ts'

const PATH = '/v1/auth/token'
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('X2: ttl', () => {
  test.each(['0', '14401', '-1', '1.5', '"60"', 'null', '1e309', 'true', '[60]', '{}'])(
    '%s is invalid_ttl',
    async (ttl) => {
      const { post, createToken } = await startBroker()
      const response = await post(PATH, `{"ttl":${ttl}}`, bearer(await createToken()))
      expect([response.status, (await response.json()).error]).toEqual([400, 'invalid_ttl'])
    },
  )

  test.each([1, 14400])('%s is accepted', async (ttl) => {
    const { post, createToken } = await startBroker()
    const response = await post(PATH, { ttl }, bearer(await createToken()))
    expect(await response.json()).toMatchObject({ expires_in: ttl })
  })

  test('any JSON object becomes a bounded request or is refused with a BrokerError', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('ttl', 'scope', 'x'), fc.jsonValue()), (body) => {
        try {
          const { ttl } = parseExchangeRequest(body)
          expect(Number.isInteger(ttl) && ttl >= 1 && ttl <= 14_400).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ status: 400 })
        }
      }),
    )
  })
})

describe('X9: bodies', () => {
  test.each(['[]', '{', 'null', '"x"', '1', `${'['.repeat(4000)}`])(
    '%.10s is 400',
    async (body) => {
      const { post, createToken } = await startBroker()
      const response = await post(PATH, body, bearer(await createToken()))
      expect([response.status, (await response.json()).error]).toEqual([400, 'invalid_request'])
    },
  )

  test.each(['', 'a  b', ' a', 'a ', 'a"b', '\u00e9'])('scope "%s" is 400', async (scope) => {
    const { post, createToken } = await startBroker()
    const response = await post(PATH, { scope }, bearer(await createToken()))
    expect([response.status, (await response.json()).error]).toEqual([400, 'invalid_request'])
  })

  test('8 KiB passes, more is 413 in JSON, and the server stays up', async () => {
    const { url, post, createToken } = await startBroker()
    const headers = bearer(await createToken())
    const pad = (size: number) => `{"x":"${'x'.repeat(size - 8)}"}`
    expect((await post(PATH, pad(8192), headers)).status).toBe(200)
    expect((await post(PATH, pad(8193), headers)).status).toBe(413)
    const raw = ['authorization', headers.authorization, 'content-type', 'application/json']
    const huge = await postRaw(`${url}${PATH}`, raw, Buffer.from(pad(1_000_000)))
    expect([huge.status, JSON.parse(huge.text).error]).toEqual([413, 'payload_too_large'])
    expect((await post(PATH, {}, headers)).status).toBe(200)
  })

  test('a chunked body without a declared length is counted', async () => {
    const { url, createToken } = await startBroker()
    const body = new Blob(['{"x":"', 'x'.repeat(9000), '"}']).stream()
    const headers = { ...bearer(await createToken()), 'content-type': 'application/json' }
    // Node requires `duplex`, which the DOM types lack.
    const init = { method: 'POST', headers, body, duplex: 'half' }
    const response = await fetch(`${url}${PATH}`, init)
    expect(response.status).toBe(413)
  })

  test.each(['content-length', 'transfer-encoding'])(
    'of any length are read to the end, so no client is cut off while it sends: %s',
    async (framing) => {
      const { url, createToken } = await startBroker()
      const { port, hostname } = new URL(url)
      const body = 'x'.repeat(10_000_000)
      const [length, sent] =
        framing === 'content-length'
          ? [body.length, body]
          : ['chunked', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`]
      const head = [
        `POST ${PATH} HTTP/1.1`,
        'host: localhost',
        `authorization: Bearer ${await createToken()}`,
        'content-type: application/json',
        `${framing}: ${length}`,
      ].join('\r\n')
      const socket = connect(Number(port), hostname)
      socket.write(`${head}\r\n\r\n${sent}`)
      socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
      const answers = await text(socket)
      expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
    },
  )

  test('an incomplete body is not reported as a failure', async () => {
    const lines: string[] = []
    const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
    const { url, createToken } = await startBroker({ logger })
    const { port, hostname } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${await createToken()}\r\n` +
        'content-type: application/json\r\ncontent-length: 50\r\nexpect: 100-continue\r\n\r\n{',
    )
    await once(socket, 'data')
    socket.destroy()
    const ofRequests = () => lines.map((line) => JSON.parse(line)).filter(({ req }) => req)
    await expect.poll(() => ofRequests().length).toBeGreaterThan(0)
    expect(ofRequests().map(({ level }) => level)).toEqual([30])
  })

  test('invalid UTF-8 is 400', async () => {
    const { url, createToken } = await startBroker()
    const headers = [
      'authorization',
      `Bearer ${await createToken()}`,
      'content-type',
      'application/json',
    ]
    const body = Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from('"}')])
    expect((await postRaw(`${url}${PATH}`, headers, body)).status).toBe(400)
  })

  test('X5: another type, a form, another charset or a compressed body is 415', async () => {
    const { url, post, createToken } = await startBroker()
    const headers = bearer(await createToken())
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-16',
    ]
    for (const type of types) {
      const response = await post(PATH, '{}', { ...headers, 'content-type': type })
      expect([response.status, (await response.json()).error]).toEqual([
        415,
        'unsupported_media_type',
      ])
    }
    const packed = ['content-type', 'application/json', 'content-encoding', 'gzip']
    const raw = ['authorization', headers.authorization, ...packed]
    expect((await postRaw(`${url}${PATH}`, raw, gzipSync('{}'))).status).toBe(415)
    const empty = await post(PATH, undefined, { ...headers, 'content-type': 'text/plain' })
    expect(empty.status).toBe(200)
  })
})
