import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from '../../scripts/gateways.mjs'
import { root } from '../support/repository.ts'
import { findFreePort } from '../support/servers/free-port.ts'
import {
  createGateways,
  startBroker,
  startNginxWith,
  startUpstream,
} from '../support/servers/gateways.ts'
import { send } from '../support/servers/raw-request.ts'
import { findSnippet } from '../support/snippets.ts'

const gateways = createGateways()
const SECTION = 'Let nginx keep tiles'
const findPart = (text: string) =>
  findSnippet('docs/guard/nginx-caddy-traefik.md', SECTION, 'nginx', text).code
const grants = {
  default: { account: 'demo', scope: 'tiles:read', expiresInSeconds: 600 },
  swiss: {
    account: 'demo',
    scope: 'tiles:read',
    tiles: { tilesets: ['world'], bbox: [5.9, 45.8, 10.5, 47.8] as const, maxzoom: 4 },
  },
}
const ALPS = '/data/world/4/8/5.pbf'
const ELSEWHERE = '/data/world/4/1/5.pbf'

describe.skipIf(findProgram('nginx') === undefined)('tiles that nginx keeps', () => {
  let url = ''
  let cache = ''
  const asked: string[] = []
  const tokens = { full: '', swiss: '' }
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tilepass-kept-'))
    gateways.add(() => rmSync(folder, { recursive: true, force: true }))
    cache = join(folder, 'tiles')
    const { address, mint } = await startBroker(gateways, { grants })
    const tileserver = await startUpstream(gateways, (request, response) => {
      asked.push(request.url ?? '')
      response.setHeader('ETag', '"1"').end(`${request.url} for ${request.headers.host}`)
    })
    const text = readFileSync(join(root, 'examples/gateways/nginx/nginx.conf'), 'utf8')
      .replace('upstream broker', `${findPart('map ').replace('path tiles', `path ${cache}`)}\n$&`)
      .replace('proxy_pass http://tileserver', `${findPart('proxy_cache_key')}\n$&`)
    const port = await findFreePort()
    url = await startNginxWith(gateways, text, { broker: address, tileserver, port })
    tokens.full = await mint()
    tokens.swiss = await mint('swiss')
  })
  afterAll(() => gateways.run())

  const ask = (path: string, token?: string, headers: Record<string, string> = {}) =>
    send(url, path, { ...(token && { authorization: `Bearer ${token}` }), ...headers })

  test('are requested once, and sent to every token that may see them, however it was sent', async () => {
    const answers = [
      await ask(ALPS, tokens.full),
      await ask(ALPS, tokens.swiss),
      await ask(`${ALPS}?access_token=${tokens.full}`),
    ]
    expect(new Set(answers.map(({ body }) => body.toString()))).toHaveLength(1)
    expect(asked.filter((path) => path.startsWith(ALPS))).toEqual([ALPS])
    for (const { status, headers } of answers)
      expect([status, headers['cache-control']]).toEqual([200, 'private, max-age=3600'])
    const again = await ask(ALPS, tokens.swiss, { 'if-none-match': '"1"' })
    expect(again.status).toBe(304)
  })

  test('are refused as before to other tokens, and without a token', async () => {
    expect((await ask(ELSEWHERE, tokens.full)).status).toBe(200)
    expect((await ask(ELSEWHERE, tokens.swiss)).status).toBe(403)
    for (const path of [ALPS, ELSEWHERE]) {
      expect((await ask(path)).status).toBe(401)
      expect((await ask(path, 'x')).status).toBe(401)
    }
  })

  test('are not mistaken for documents, which name the host of the request', async () => {
    for (const host of ['a.example', 'b.example']) {
      for (const path of ['/data/world.json', '/data/world.json?/1/2/3.pbf', ELSEWHERE])
        expect((await ask(path, tokens.full, { host })).body.toString()).toContain(host)
    }
  })

  test('hold no token', () => {
    const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    )
    expect(files.length).toBeGreaterThan(1)
    for (const { parentPath, name } of files) {
      const kept = readFileSync(join(parentPath, name), 'latin1')
      for (const token of Object.values(tokens)) expect(kept).not.toContain(token.split('.')[2])
    }
  })
})
