import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from '../../scripts/gateways.mjs'
import {
  findFreePort,
  Running,
  startBroker,
  startNginx,
  startUpstream,
} from '../support/gateways/gateways.ts'
import { listOddPaths } from '../support/gateways/odd-paths.ts'

const running = new Running()
const grants = {
  default: { account: 'demo', scope: 'tiles:read' },
  open: { account: 'demo', scope: 'tiles:read', tiles: { tilesets: ['open'] } },
}
const TILE = '3/4/2.pbf'

/** Sends a target byte by byte as given, which Node's client refuses to do. */
function sendRaw(port: number, target: string, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      const head = `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}`
      socket.write(`${head}\r\nConnection: close\r\n\r\n`)
    })
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', reject).on('close', () => resolve(text))
  })
}

describe.skipIf(!findProgram('nginx'))('G1: what nginx serves is what was judged', () => {
  /** Targets that reached the server behind. */
  const served: string[] = []
  let port = 0
  const tokens = { full: '', open: '' }

  beforeAll(async () => {
    port = await findFreePort()
    const { address, mint } = await startBroker(running, { grants })
    const tileserver = await startUpstream(running, (request, response) => {
      served.push(request.url ?? '')
      response.end('tile')
    })
    await startNginx(running, { broker: address, tileserver, port })
    tokens.full = await mint()
    tokens.open = await mint('open')
  })
  afterAll(() => running.end())

  const ask = async (target: string, token: string) => {
    served.length = 0
    const answer = await sendRaw(port, target, token)
    return { status: /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1], served: [...served] }
  }

  /** The most forgiving reading that a server could have of a target. */
  const readLoosely = (target: string): string => {
    let path = target.replace(/[?#].*$/s, '')
    for (let round = 0; round < 3; round++)
      path = path.replace(/%([0-9a-f]{2})/gi, (_, hex) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      )
    return path.toLowerCase()
  }

  test('of 500 odd paths to a closed tileset none is served', async () => {
    const paths = listOddPaths('open', 'secret', TILE)
    expect(paths.length).toBeGreaterThanOrEqual(500)
    for (const path of paths) {
      const answer = await ask(path, tokens.open)
      const leaked = answer.served.filter((target) => readLoosely(target).includes('secret'))
      expect({ path, leaked }).toEqual({ path, leaked: [] })
      expect({ path, isRefused: answer.served.length === 0 }).toEqual({ path, isRefused: true })
    }
  }, 120_000)

  test('a full token has no odd path served either, but in the words that were judged', async () => {
    const paths = listOddPaths('open', 'secret', TILE)
    for (const path of paths) {
      const answer = await ask(path, tokens.full)
      for (const target of answer.served) {
        expect(target).toBe(path.replace(/^http:\/\/host|\?$/g, ''))
        expect(target.replace(/\?.*$/s, '')).not.toMatch(/%(?:2f|5c|00|2e)|\.(?:\/|$)|\/\/|[;\\#]/i)
      }
    }
  }, 120_000)

  test('every ordinary path passes', async () => {
    for (let z = 0; z <= 30; z++)
      for (const [x, y] of [
        [0, 0],
        [2 ** z - 1, 2 ** z - 1],
        [Math.floor(2 ** z / 3), Math.floor(2 ** z / 2)],
      ]) {
        const path = `/data/open/${z}/${x}/${y}.pbf`
        expect(await ask(path, tokens.open)).toEqual({ status: '200', served: [path] })
      }
    for (const path of [
      '/data/open.json',
      '/styles/basic/style.json',
      '/fonts/Noto%20Sans%20Regular/0-255.pbf',
      '/fonts/Noto%20Sans%20Regular,Open%20Sans/0-255.pbf',
      '/data/open/0/0/0.pbf?v=1.2',
    ])
      expect(await ask(path, tokens.open)).toEqual({ status: '200', served: [path] })
  })
})
