import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from '../../scripts/gateways.mjs'
import { findFreePort } from '../support/servers/free-port.ts'
import {
  createGateways,
  startBroker,
  startNginx,
  startUpstream,
} from '../support/servers/gateways.ts'
import { listOddPaths } from '../support/servers/odd-paths.ts'
import { sendBytes } from '../support/servers/raw-request.ts'

const gateways = createGateways()
const grants = {
  default: { account: 'demo', scope: 'tiles:read' },
  open: { account: 'demo', scope: 'tiles:read', tiles: { tilesets: ['open'] } },
}
const TILE = '3/4/2.pbf'

describe.skipIf(!findProgram('nginx'))('G1: nginx serves exactly the path that was judged', () => {
  /** Targets that reached the server behind nginx. */
  const served: string[] = []
  let port = 0
  const tokens = { full: '', open: '' }

  beforeAll(async () => {
    port = await findFreePort()
    const { address, mint } = await startBroker(gateways, { grants })
    const tileserver = await startUpstream(gateways, (request, response) => {
      served.push(request.url ?? '')
      response.end('tile')
    })
    await startNginx(gateways, { broker: address, tileserver, port })
    tokens.full = await mint()
    tokens.open = await mint('open')
  })
  afterAll(() => gateways.run())

  const ask = async (target: string, token: string) => {
    served.length = 0
    const answer = await sendBytes(port, target, token)
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

  test('none of 500 odd paths to a closed tileset is served', async () => {
    const paths = listOddPaths('open', 'secret', TILE)
    expect(paths.length).toBeGreaterThanOrEqual(500)
    for (const path of paths) {
      const answer = await ask(path, tokens.open)
      const leaked = answer.served.filter((target) => readLoosely(target).includes('secret'))
      expect({ path, leaked }).toEqual({ path, leaked: [] })
      expect({ path, isRefused: answer.served.length === 0 }).toEqual({ path, isRefused: true })
    }
  }, 120_000)

  test('with a full token an odd path is refused or served exactly as it was judged', async () => {
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
