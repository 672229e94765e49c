import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type BrokerOptions, createBroker } from '../../src/index.ts'
import { copyKeyedFolder, startBroker } from '../support/broker-under-test.ts'
import { serveHandlers } from '../support/serve-handlers.ts'

const path = fileURLToPath(new URL('../../../examples/demo-data/world.pmtiles', import.meta.url))
const tilesets = { world: { path } }
const SUFFIX = '/v1/tiles/world/{z}/{x}/{y}.mvt'

/** The base of the tiles in TileJSON, for a client that sends these headers. */
async function readBase(url: string, headers: Record<string, string>): Promise<string> {
  const { access_token } = await (await fetch(`${url}/map-token`, { method: 'POST' })).json()
  const authorization = `Bearer ${access_token}`
  const text = await new Promise<string>((resolve, reject) => {
    const all = { ...headers, authorization }
    get(`${url}/v1/tiles/world/metadata`, { headers: all }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve(body))
    }).on('error', reject)
  })
  const tile: string = JSON.parse(text).tiles[0]
  expect(tile.endsWith(SUFFIX)).toBe(true)
  return tile.slice(0, -SUFFIX.length)
}

const forwarded = { 'x-forwarded-host': 'maps.example', 'x-forwarded-proto': 'https' }

async function startWith(options: BrokerOptions = {}) {
  const { url } = await startBroker({ tilesets, ...options })
  return { url, base: (headers: Record<string, string>) => readBase(url, headers) }
}

describe('links in answers begin', () => {
  test.each(['localhost:5173', '127.0.0.1:5173', '[::1]:5173', 'localhost'])(
    'with Host if it is of this machine, as behind a development server: %s',
    async (host) => {
      const { base } = await startWith()
      expect(await base({ host })).toBe(`http://${host}`)
    },
  )

  test.each([
    'evil.example',
    'localhost.evil.example:80',
    '192.168.1.5:3000',
    'evil@localhost',
    'localhost/evil',
    'localhost:port',
  ])('with the URL of the listener if Host is any other: %s', async (host) => {
    const { base, url } = await startWith()
    expect(await base({ host })).toBe(url)
  })

  test('with what a trusted proxy says that the client asked for', async () => {
    const { base, url } = await startWith({ trustProxy: ['loopback'] })
    expect(await base(forwarded)).toBe('https://maps.example')
    expect(await base({ host: 'maps.example' })).toBe('http://maps.example')
    expect(await base({ ...forwarded, 'x-forwarded-host': 'a b' })).toBe(url)
    expect(await base({ ...forwarded, 'x-forwarded-proto': 'javascript' })).toBe(
      'http://maps.example',
    )
  })

  test('with no forwarded name of a client that is no trusted proxy', async () => {
    const { base, url } = await startWith()
    expect(await base(forwarded)).toBe(url)
    const other = await startWith({ trustProxy: ['10.0.0.0/8'] })
    expect(await other.base(forwarded)).toBe(other.url)
  })

  test.each(['', '/api'])(
    'with Host if the publicUrl is of this machine, as in development: %j',
    async (path) => {
      const publicUrl = `http://127.0.0.1:3000${path}`
      const { base } = await startWith({ publicUrl })
      expect(await base({ host: 'localhost:5173' })).toBe(`http://localhost:5173${path}`)
      expect(await base({ host: 'evil.example' })).toBe(publicUrl)
      expect(await base(forwarded)).toMatch(`http://127.0.0.1:`)
    },
  )

  test('with the scheme of the publicUrl, if that is of the development server', async () => {
    const publicUrl = 'https://localhost:5173'
    const { base } = await startWith({ publicUrl })
    expect(await base({ host: 'localhost:5173' })).toBe(publicUrl)
  })

  test('with the configured publicUrl of a public name, whatever Host is', async () => {
    const publicUrl = 'https://tiles.example/api'
    const { base } = await startWith({ publicUrl, trustProxy: ['loopback'] })
    for (const headers of [{ host: 'localhost:5173' }, { host: 'evil.example' }, forwarded])
      expect(await base(headers)).toBe(publicUrl)
  })

  test('with a path, right under any name, while a mounted broker knows no URL', async () => {
    const data = await copyKeyedFolder()
    const broker = await createBroker({ data, demo: true, issuer: 'https://a.example', tilesets })
    onTestFinished(() => broker.close())
    const app = express().use('/maps', broker.router)
    const url = `${await serveHandlers(app)}/maps`
    expect(await readBase(url, { host: 'localhost:5173' })).toBe('/maps')
    expect(await readBase(url, forwarded)).toBe('/maps')
    app.set('trust proxy', 'loopback')
    expect(await readBase(url, forwarded)).toBe('https://maps.example/maps')
  })
})

test('the links between pages of Mapbox tokens begin likewise', async () => {
  const { cli, url } = await startBroker()
  const args = ['--account', 'demo', '--format', 'mapbox', '--scope', 'tokens:read']
  const token = (await cli('token', 'create', ...args)).out.trim()
  const readLink = (host: string) =>
    new Promise<unknown>((resolve, reject) => {
      const page = `${url}/tokens/v2/demo?limit=1&access_token=${token}`
      get(page, { headers: { host } }, (response) => {
        response.resume()
        resolve(response.headers.link)
      }).on('error', reject)
    })
  expect(await readLink('localhost:5173')).toContain('<http://localhost:5173/tokens/v2/demo?')
  expect(await readLink('evil.example')).toContain(`<${url}/tokens/v2/demo?`)
})
