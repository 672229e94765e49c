import { chmodSync, writeFileSync } from 'node:fs'
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkModes } from '../../src/cli/doctor/check-modes.ts'
import { parseConfig } from '../../src/config/parse.ts'
import type { BrokerOptions } from '../../src/index.ts'
import {
  copyKeyedFolder,
  makeDataFolder,
  NOW,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'
import { passOn } from '../support/fault-proxy.ts'
import { makeKeyText } from '../support/sealing-keys.ts'
import { onPostgres } from '../support/test-location.ts'

interface Finding {
  readonly check: string
  readonly state: string
  readonly text: string
  readonly remedy?: string
}

/** Asks the doctor about a data folder. */
async function examine(data: string, settings: object, more: { now?: () => number } = {}) {
  const config = join(data, 'tilepass.json')
  writeFileSync(config, JSON.stringify(settings))
  const result = await runCommand(data, ['doctor', '--config', config, '--json'], {
    now: Date.now,
    ...more,
  })
  const findings: readonly Finding[] = result.out === '' ? [] : JSON.parse(result.out)
  const find = (check: string, state: string) =>
    findings.filter((finding) => finding.check === check && finding.state === state)
  return { ...result, findings, find }
}

/** A broker on the clock of the machine, with keys of its own. */
const startNow = (options: BrokerOptions = {}) =>
  startBroker({ now: Date.now, data: makeDataFolder(), ...options })

/** A broker with a proxy in front of it. */
async function startBehindProxy(change: (headers: IncomingHttpHeaders) => void = () => undefined) {
  const grants = { city: { account: 'demo', scope: 'tiles:read', origins: ['https://a.example'] } }
  const running = await startNow({ grants })
  const publicUrl = await listenWith((request, response) => {
    change(request.headers)
    passOn(request, response, running.url, undefined)
  })
  return { ...running, settings: { publicUrl, grants } }
}

/** The URL of a server that answers like this. */
async function listenWith(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Writes as long as it is read. */
function writeOn(response: ServerResponse): void {
  const write = () => {
    while (!response.destroyed && response.write('x'.repeat(65_536)));
  }
  response.on('drain', write)
  write()
}

describe('doctor', () => {
  test('finds nothing to do where all is well', async () => {
    const { data, settings } = await startBehindProxy()
    const { code, error, findings } = await examine(data, settings)
    expect([code, error]).toEqual([0, ''])
    expect(findings.filter(({ state }) => state !== 'ok')).toEqual([])
    expect(new Set(findings.map(({ check }) => check))).toEqual(
      new Set(['store', 'clock', 'keys', 'secrets', 'issuer', 'grants', 'proxy', 'CORS']),
    )
  })

  test('prints a line for each finding, and what to do below it', async () => {
    const data = await copyKeyedFolder()
    const { out, code } = await runCommand(data, ['doctor'])
    expect(code).toBe(0)
    expect(out).toMatch(/^ok {7}store {6}(?:.* is sound|The database answers)$/m)
    expect(out).toMatch(
      onPostgres
        ? /^WARNING {2}issuer .*\n {20}Set it .*$/m
        : /^WARNING {2}issuer .*\n {20}Set it .* --data /m,
    )
  })

  test.skipIf(process.platform === 'win32')(
    'warns of secrets that every user can read',
    async () => {
      const data = await copyKeyedFolder()
      const names = ['open', 'closed', 'missing', 'of an upstream']
      const [open, closed, missing, upstream] = names.map((name) => join(makeDataFolder(), name))
      for (const file of [open, closed, upstream]) writeFileSync(String(file), makeKeyText(7))
      for (const file of [open, upstream]) chmodSync(String(file), 0o644)
      chmodSync(String(closed), 0o640)
      const check = (file?: string) =>
        checkModes(
          parseConfig({
            databaseUrl: { file },
            secretKey: { file: closed },
            upstreams: { a: { kind: 'mapbox', token: { file: upstream } } },
            data,
          }),
        )
      const text = (file?: string) => `Every user of this machine can read ${file} (mode 644)`
      expect((await check(open)).map((finding) => finding.text)).toEqual([
        text(open),
        text(upstream),
      ])
      expect((await check(missing)).map((finding) => finding.text)).toEqual([text(upstream)])
    },
  )

  test('says that the settings and the folder have different issuers', async () => {
    const { data, broker } = await startNow({ issuer: 'https://first.example' })
    await broker.close()
    const { code, error, find } = await examine(data, { issuer: 'https://second.example' })
    expect([code, error]).toEqual([1, 'Found 1 fault.\n'])
    expect(find('issuer', 'fault')).toEqual([
      expect.objectContaining({
        text: expect.stringContaining('tilepass issuer set https://second.example'),
      }),
    ])
  })

  test('says that an account is disabled, and how to enable it', async () => {
    const { data, settings, cli } = await startBehindProxy()
    await cli('account', 'disable', 'demo', '--yes')
    const { find } = await examine(data, { ...settings, demo: true })
    expect(find('grants', 'fault').map(({ remedy }) => remedy)).toContainEqual(
      expect.stringContaining(`tilepass account enable demo${onPostgres ? '' : ` --data ${data}`}`),
    )
  })

  test('says which files are missing', async () => {
    const { data, settings } = await startBehindProxy()
    const tilesets = { gone: { path: 'gone.pmtiles' } }
    const { find } = await examine(data, { ...settings, tilesets })
    expect(find('files', 'fault')).toEqual([
      expect.objectContaining({ text: expect.stringContaining(join(data, 'gone.pmtiles')) }),
    ])
  })

  test('says that a clock is behind', async () => {
    const { data, settings } = await startBehindProxy()
    const { find } = await examine(data, settings, { now: () => Date.now() - 3_600_000 })
    expect(find('clock', 'fault').map(({ text }) => text)).toEqual([
      expect.stringContaining('audit trail'),
      expect.stringMatching(/differs .* by \d{4} s/),
    ])
  })

  test('says that nothing answers at the public URL, or another broker does', async () => {
    const { data, broker } = await startNow({ publicUrl: 'http://127.0.0.1:1' })
    await broker.close()
    const { find } = await examine(data, { publicUrl: 'http://127.0.0.1:1' })
    expect(find('proxy', 'fault')[0]?.text).toMatch(/cannot be reached from here: .+/)
    const other = await startNow()
    const wrong = await examine(data, { publicUrl: other.url })
    expect(wrong.find('proxy', 'fault')[0]?.text).toContain('has other keys')
  })

  test.each([
    ['stalls', /aborted/, (response: ServerResponse) => void response.write('{"keys":[')],
    ['never ends', /longer than/, (response: ServerResponse) => void writeOn(response)],
  ])('says so where the public URL %s, and all else that it found', async (_, text, answer) => {
    const data = await copyKeyedFolder()
    const publicUrl = await listenWith((_request, response) => answer(response))
    const { find } = await examine(data, { publicUrl })
    expect(find('proxy', 'fault')[0]?.text).toMatch(text)
    expect(find('store', 'ok')).toHaveLength(1)
  })

  test('only warns where a proxy passes on what pages need, and nothing else', async () => {
    const data = await copyKeyedFolder()
    const publicUrl = await listenWith((_request, response) => void response.writeHead(404).end())
    const { find } = await examine(data, { publicUrl })
    expect(find('proxy', 'fault')).toEqual([])
    expect(find('proxy', 'warning')[0]?.text).toContain('404 with no key set')
  })

  test('asks nothing of /v1 where a gateway is in front of another server', async () => {
    const data = await copyKeyedFolder()
    const publicUrl = await listenWith((_request, response) => void response.writeHead(401).end())
    const { find } = await examine(data, { publicUrl, verify: { peers: ['loopback'] } })
    expect(find('proxy', 'fault')).toEqual([])
  })

  test('leaves out what only the settings say, where it does not have them', async () => {
    const { out } = await runCommand(await copyKeyedFolder(), ['doctor'])
    expect(out).toMatch(/^ok {7}settings {3}not checked: name their file with --config/m)
    expect(out).not.toContain('grants ')
  })

  test('says that it cannot tell whose keys are published while the folder has none', async () => {
    const data = makeDataFolder()
    await runCommand(data, ['account', 'create', 'city'])
    const publicUrl = await listenWith((_request, response) => void response.end('{"keys":[]}'))
    const { find } = await examine(data, { publicUrl })
    expect(find('proxy', 'warning')[0]?.text).toContain('cannot be told')
  })

  test('asks nothing of an API that is off', async () => {
    const { data, settings } = await startBehindProxy((headers) => {
      delete headers.authorization
    })
    const surfaces = { geog: false, 'map-token': false }
    const { find } = await examine(data, { ...settings, surfaces })
    expect(find('proxy', 'fault')).toEqual([])
    expect(find('CORS', 'fault')).toEqual([])
  })

  test('says that a client may choose the host in links', async () => {
    const { find } = await examine(await copyKeyedFolder(), { trustProxy: ['loopback'] })
    expect(find('proxy', 'warning')[0]?.text).toContain('which a client may choose')
  })

  test('says that a proxy keeps the Authorization header', async () => {
    const { data, settings } = await startBehindProxy((headers) => {
      delete headers.authorization
    })
    const { find } = await examine(data, settings)
    expect(find('proxy', 'fault')).toEqual([
      expect.objectContaining({ text: expect.stringContaining('Authorization header') }),
    ])
  })

  test('says that pages of an origin cannot read the answer', async () => {
    const { data, settings } = await startBehindProxy()
    const city = { ...settings.grants.city, origins: ['https://a.example', 'https://new.example'] }
    const { find } = await examine(data, { ...settings, grants: { city } })
    expect(find('CORS', 'ok')).toHaveLength(1)
    expect(find('CORS', 'fault')).toEqual([
      expect.objectContaining({
        text: expect.stringContaining('https://new.example'),
        remedy: expect.stringContaining('Restart the server'),
      }),
    ])
  })

  test('names each upstream that gives no token', async () => {
    const data = await copyKeyedFolder()
    const result = await runCommand(
      data,
      ['doctor', '--json', '--config', join(data, 'tilepass.json')],
      { now: () => NOW, env: { MAP_API_TOKEN: 'x' } },
    )
    expect(result.code).toBe(2)
    const upstreams = {
      geog: {
        kind: 'geog',
        url: 'http://127.0.0.1:9',
        token: { file: 'secret' },
        timeoutSeconds: 1,
      },
    }
    writeFileSync(join(data, 'secret'), 'x')
    const grants = { default: { upstream: 'geog', scope: 'tiles:read' } }
    const { find } = await examine(data, { upstreams, grants })
    expect(find('upstream', 'fault')).toEqual([
      expect.objectContaining({ text: expect.stringMatching(/^geog, default: .+/) }),
    ])
  })
})
