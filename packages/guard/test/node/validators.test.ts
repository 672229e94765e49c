import { request as httpRequest } from 'node:http'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { afterAll, describe, expect, test } from 'vitest'
import { guard } from '../../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'
import { listen } from '../support/server.ts'

const issuer = createTestIssuer()
const bearer = { authorization: `Bearer ${issuer.sign()}` }
const folder = fileURLToPath(new URL('../support', import.meta.url))

const app = express()
app.use(guard({ issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }))
app.use('/files', express.static(folder))
app.use('/public', express.static(folder, { maxAge: '1h' }))
app.use('/unsaid', express.static(folder, { cacheControl: false }))
app.use('/twice', guard({ issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }))
app.get('/twice/tile', (_request, response) => void response.send(Buffer.from('tile')))
app.get('/raw', (_request, response) => void response.end(Buffer.from('tile')))
app.get('/own', (_request, response) => {
  response.set({ 'Cache-Control': 'no-store', ETag: '"mine"' }).send('tile')
})
app.get('/tile', (_request, response) => void response.send(Buffer.from('tile')))
const { url, close } = await listen(app)
afterAll(close)

describe('G4: private, Vary, and a strong ETag answered by 304', () => {
  test.each(['tile', 'raw'])('%s', async (path) => {
    const first = await fetch(`${url}/${path}`, { headers: bearer })
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w+/-]{20,}"$/)
    expect(first.headers.get('cache-control')).toBe('private, max-age=3600')
    expect(first.headers.get('vary')).toContain('Authorization')

    const renewed = issuer.sign({ jti: 'j2' })
    const headers = { authorization: `Bearer ${renewed}`, 'if-none-match': etag }
    const again = await fetch(`${url}/${path}`, { headers })
    expect([again.status, await again.text()]).toEqual([304, ''])
    expect(again.headers.get('etag')).toBe(etag)
    expect(again.headers.get('vary')).toContain('Authorization')
  })

  test('a file of express.static is private, and so is its 304', async () => {
    const path = `${url}/files/issuer.ts`
    const first = await fetch(path, { headers: bearer })
    expect([first.status, first.headers.get('cache-control')]).toEqual([
      200,
      'private, max-age=3600',
    ])
    const etag = first.headers.get('etag') ?? ''
    const status = await new Promise((resolve) => {
      const headers = { ...bearer, 'if-none-match': etag }
      httpRequest(path, { headers }, (response) => resolve(response.resume().statusCode)).end()
    })
    expect(status).toBe(304)
  })

  test('headers that a handler sets win', async () => {
    const response = await fetch(`${url}/own`, { headers: bearer })
    expect(response.headers.get('etag')).toBe('"mine"')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('README: express.static with maxAge is public, and private with cacheControl: false', async () => {
    for (const [path, cacheControl] of [
      ['public', 'public, max-age=3600'],
      ['unsaid', 'private, max-age=3600'],
    ] as const) {
      const response = await fetch(`${url}/${path}/issuer.ts`, { headers: bearer })
      expect(response.headers.get('cache-control')).toBe(cacheControl)
    }
  })

  test('an error behind the guard is not cached', async () => {
    const response = await fetch(`${url}/absent`, { headers: bearer })
    expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store'])
  })
})

test('two guards on the way of one request answer as one does', async () => {
  const [once, twice] = await Promise.all(
    ['/tile', '/twice/tile'].map((path) => fetch(`${url}${path}`, { headers: bearer })),
  )
  expect(twice?.status).toBe(200)
  expect(await twice?.text()).toBe('tile')
  for (const name of ['etag', 'cache-control', 'vary'])
    expect(twice?.headers.get(name)).toBe(once?.headers.get(name))
})
