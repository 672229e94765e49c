import express from 'express'
import { afterAll, describe, expect, test } from 'vitest'
import { assertCredentialSource } from '../../src/http/credentials.ts'
import { guard } from '../../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'
import { listen, send } from '../support/server.ts'

const issuer = createTestIssuer()
const token = issuer.sign()
const shared = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const bearer = { authorization: `Bearer ${token}` }

const app = express()
app.use('/header', guard(shared))
app.use('/query', guard({ ...shared, credentials: { query: 'access_token' } }))
app.use('/any', guard({ ...shared, credentials: { query: 'access_token', cookie: 'map' } }))
app.use('/cookie', guard({ ...shared, credentials: { cookie: 'map' } }))
app.get('/{*mount}/tile', (_request, response) => void response.send(Buffer.from('tile')))
const { url, close } = await listen(app)
afterAll(close)

describe('T13: one Authorization header, with the scheme in any case', () => {
  test('the scheme may be in any case', async () => {
    for (const scheme of ['bearer', 'BEARER', 'bEaReR']) {
      const headers = ['authorization', `${scheme} ${token}`]
      expect((await send(`${url}/header/tile`, headers)).status).toBe(200)
    }
  })

  test('two headers are refused, also if a proxy joined them to one', async () => {
    for (const joined of [`Bearer ${token}, Bearer x`, `Basic eA==, Bearer ${token}`])
      expect((await send(`${url}/header/tile`, ['authorization', joined])).status).toBe(400)
    const parameters = 'Digest username="x", realm="y z", uri="/"'
    expect((await send(`${url}/header/tile`, ['authorization', parameters])).status).toBe(401)
  })

  test('two headers are refused, whichever is valid', async () => {
    for (const other of ['Bearer x', 'Basic eA==', `Bearer ${token}`]) {
      const headers = ['authorization', `Bearer ${token}`, 'Authorization', other]
      expect((await send(`${url}/header/tile`, headers)).status).toBe(400)
    }
  })

  test('headers of which not two name a scheme are refused like the one that a proxy makes of them', async () => {
    for (const [one, other] of [
      ['x', 'y'],
      [`Bearer ${token}`, 'x'],
      [`Bearer ${token}`, ''],
      [`Bearer ${token}`, 'x="y"'],
    ] as const) {
      const separate = ['authorization', one, 'Authorization', other]
      const joined = ['authorization', `${one}, ${other}`]
      for (const headers of [separate, joined])
        expect((await send(`${url}/header/tile`, headers)).status).toBe(401)
    }
  })
})

describe('T14: a credential in the query counts only if the options say so', () => {
  test('header mode ignores it', async () => {
    expect((await fetch(`${url}/header/tile?access_token=${token}`)).status).toBe(401)
  })

  test('query mode takes it, or the header', async () => {
    expect((await fetch(`${url}/query/tile?access_token=${token}`)).status).toBe(200)
    expect((await fetch(`${url}/query/tile`, { headers: bearer })).status).toBe(200)
  })

  test('two credentials at once are refused', async () => {
    const both = await fetch(`${url}/query/tile?access_token=${token}`, { headers: bearer })
    const twice = await fetch(`${url}/query/tile?access_token=${token}&access_token=${token}`)
    expect([both.status, twice.status]).toEqual([400, 400])
  })
})

test('a 400 for several credentials names their places, but none of their values', async () => {
  const cookie = ['cookie', `map=${token}`]
  const header = ['authorization', `Bearer ${token}`]
  const inQuery = `/any/tile?access_token=${token}`
  for (const [path, headers, places] of [
    ['/header/tile', [...header, ...header], 'the Authorization header (2 times)'],
    [inQuery, header, 'the Authorization header, the query'],
    [inQuery, cookie, 'the query, the cookie map'],
    [`${inQuery}&access_token=x`, [], 'the query (2 times)'],
    [inQuery, [...header, ...cookie], 'the Authorization header, the query, the cookie map'],
  ] as const) {
    const { status, headers: answered, body } = await send(`${url}${path}`, headers)
    const message = `Send exactly one credential; found: ${places}`
    expect([status, JSON.parse(body).message]).toEqual([400, message])
    expect(answered['www-authenticate']).toContain(`error_description="${message}"`)
    expect(JSON.stringify(answered) + body).not.toContain(token)
  }
})

describe('a cookie', () => {
  test('counts only if the options say so, and then as well as the header and the query', async () => {
    const cookie = { cookie: `other=1; map=${token}; x` }
    const ask = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${url}${path}`, { headers })).status
    expect(await ask('/cookie/tile', cookie)).toBe(200)
    expect(await ask('/any/tile', cookie)).toBe(200)
    expect(await ask('/any/tile', bearer)).toBe(200)
    expect(await ask(`/any/tile?access_token=${token}`)).toBe(200)
    expect(await ask('/header/tile', cookie)).toBe(401)
    expect(await ask('/query/tile', cookie)).toBe(401)
    expect(await ask('/cookie/tile', { cookie: `Map=${token}` })).toBe(401)
  })

  test('next to another credential is refused, whichever is valid', async () => {
    const cookie = ['cookie', `map=${token}`]
    const any = `${url}/any/tile`
    expect((await send(any, [...cookie, 'authorization', 'Bearer x'])).status).toBe(400)
    expect((await send(`${any}?access_token=${token}`, cookie)).status).toBe(400)
    expect((await send(any, ['cookie', `map=${token}; map=x`])).status).toBe(400)
    expect((await send(any, [...cookie, ...cookie])).status).toBe(400)
  })

  test('makes the response vary by Cookie', async () => {
    const response = await fetch(`${url}/cookie/tile`, { headers: { cookie: `map=${token}` } })
    expect(response.headers.get('vary')).toBe('Authorization, Cookie')
  })
})

test.each<[unknown, string]>([
  ['query', '"credentials" must be "header", or an object with the name of a "query"'],
  [{}, '"credentials" must be "header", or an object with the name of a "query"'],
  [{ header: 'x' }, '"credentials.header" is unknown; use "query" or "cookie"'],
  [{ query: '' }, '"credentials.query" must be the name of a parameter'],
  [{ cookie: 'a b' }, '"credentials.cookie" must be the name of a cookie'],
])('%j is not a credential source: %s', (source, message) => {
  // @ts-expect-error Sources as JavaScript passes them.
  expect(() => assertCredentialSource(source)).toThrow(message)
})
