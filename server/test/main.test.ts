import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { makeDataFolder, nameStore, readClaims, runCommand } from './support/broker-under-test.ts'
import { findDatabaseUrl, onPostgres } from './support/test-location.ts'

// Each of these starts several processes, and a busy machine takes seconds for one.
vi.setConfig({ testTimeout: 90_000 })

const run = promisify(execFile)
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const BIN = at('../bin/tilepass.js')

beforeAll(() => {
  const tsc = at('../../node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(tsc, ['-b', 'packages/guard', 'server'], {
    cwd: at('../..'),
    encoding: 'utf8',
  })
  expect(stdout).toBe('')
  expect(status).toBe(0)
}, 120_000)

interface ServerProcess {
  readonly url: string
  readonly child: ChildProcessWithoutNullStreams
  /** Everything that it has printed on both streams. */
  readonly printed: () => string
}

/** Starts the built server as a process of its own, on a free port. */
async function startProcess(data: string, args: string[] = []): Promise<ServerProcess> {
  const named = await nameStore(data, ['serve', '--port', '0', '--data', data, ...args])
  const env = { ...process.env, ...named.env }
  const child = spawn(process.execPath, [BIN, ...named.args], { env })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /listens on (\S+)/.exec(printed)?.[1]
      if (found) resolve(found)
    })
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${printed}`)))
  })
  return { url, child, printed: () => printed }
}

async function tilepass(data: string, ...args: string[]): Promise<string> {
  const named = await nameStore(data, [...args, '--data', data])
  const env = { ...process.env, ...named.env }
  return (await run(process.execPath, [BIN, ...named.args], { env })).stdout.trim()
}

/** Runs a command in this process: another one takes a second to start. */
async function prepare(data: string, ...args: string[]): Promise<string> {
  const { code, out, error } = await runCommand(data, args, { now: () => Date.now() })
  expect([code, error]).toEqual([0, ''])
  return out.trim()
}

const makeAccount = (data: string) => prepare(data, 'account', 'create', 'city')
const TOKEN_CREATE = ['token', 'create', '--account', 'city', '--scope', 'tiles:read']
const createToken = (data: string) => prepare(data, ...TOKEN_CREATE)

const exchange = (url: string, token: string) =>
  fetch(`${url}/v1/auth/token`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })

function writeConfig(data: string): string {
  const file = join(data, 'tilepass.json')
  const path = at('../../examples/demo-data/world.pmtiles')
  const grants = { default: { account: 'city', scope: 'tiles:read' } }
  writeFileSync(file, JSON.stringify({ tilesets: { world: { path } }, grants }))
  return file
}

test('after SIGKILL and a start on another port, tokens and keys are still valid', async () => {
  const data = makeDataFolder()
  await makeAccount(data)
  const config = ['--config', writeConfig(data)]
  const first = await startProcess(data, config)
  const token = await tilepass(data, ...TOKEN_CREATE)
  const access = (await (await exchange(first.url, token)).json()).access_token
  const keys = await (await fetch(`${first.url}/.well-known/jwks.json`)).json()
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')

  const second = await startProcess(data, config)
  expect(second.url).not.toBe(first.url)
  expect(await (await fetch(`${second.url}/.well-known/jwks.json`)).json()).toEqual(keys)
  const renewed = (await (await exchange(second.url, token)).json()).access_token
  expect(readClaims(renewed).iss).toBe(readClaims(token).iss)
  const tile = await fetch(`${second.url}/v1/tiles/world/0/0/0.mvt?access_token=${access}`)
  expect(tile.status).toBe(200)
})

test('a start prints what the server runs with', async () => {
  const data = makeDataFolder()
  await makeAccount(data)
  const more = ['--config', writeConfig(data), '--public-url', 'https://maps.example']
  const { url, printed } = await startProcess(data, more)
  await vi.waitFor(() => expect(printed()).toContain('tilesets'))
  const { version } = JSON.parse(readFileSync(at('../package.json'), 'utf8'))
  for (const line of [
    `Tilepass listens on ${url}`,
    `version     ${version}`,
    'issuer      https://maps.example',
    'public URL  https://maps.example',
    onPostgres
      ? `database    ${(await findDatabaseUrl(data))?.replace('postgres@', '')}`
      : `data        ${data}`,
    'grants      default',
    'tilesets    world',
  ])
    expect(printed()).toContain(line)
})

test('T16: a token revoked by the command line is refused by the running server within 1 s', async () => {
  const data = makeDataFolder()
  await makeAccount(data)
  const { url } = await startProcess(data, ['--config', writeConfig(data)])
  const token = await createToken(data)
  const access = (await (await exchange(url, token)).json()).access_token
  const readTile = async (value: string) =>
    (
      await fetch(`${url}/v1/tiles/world/0/0/0.mvt`, {
        headers: { authorization: `Bearer ${value}` },
      })
    ).status
  expect([await readTile(token), await readTile(access)]).toEqual([200, 200])

  await tilepass(data, 'token', 'revoke', String(readClaims(token).sub))
  const revokedAt = performance.now()
  expect((await exchange(url, token)).status).toBe(401)
  for (const value of [token, access])
    for (let status = 200; status !== 401; ) {
      const askedAt = performance.now()
      status = await readTile(value)
      if (askedAt - revokedAt > 1_000) expect(status).toBe(401)
    }
})

test('P6: the server prints no token', async () => {
  const data = makeDataFolder()
  await makeAccount(data)
  const file = writeConfig(data)
  const server = await startProcess(data, ['--config', file, '--log-level', 'trace'])
  const token = await createToken(data)
  const access = (await (await exchange(server.url, token)).json()).access_token
  const get = (path: string, headers = {}) => fetch(`${server.url}${path}`, { headers })
  await get('/v1/tiles/world/0/0/0.mvt', { authorization: `Bearer ${access}` })
  await get(`/v1/tiles/world/0/0/0.mvt?access_token=${access}`)
  await get(`/v1/tiles/world/0/0/0.mvt?access_token=${access}x`)
  await get(`/nowhere/${token}`, { cookie: `session=${token}`, 'x-api-key': token })
  await fetch(`${server.url}/map-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', referer: `${server.url}/?t=${token}` },
    body: JSON.stringify({ grant: token }),
  })
  server.child.kill('SIGTERM')
  await once(server.child, 'exit')
  expect(server.printed()).toContain('/v1/tiles/world/0/0/0.mvt')
  for (const secret of [token, access]) {
    const [, payload = '', signature = ''] = secret.split('.')
    for (const part of [payload, signature])
      expect(server.printed()).not.toContain(part.slice(0, 40))
  }
})

describe('SIGTERM with drainSeconds', () => {
  test('makes the server not ready, and ends it after that time with 0', async () => {
    const data = makeDataFolder()
    const file = join(data, 'tilepass.json')
    writeFileSync(file, JSON.stringify({ drainSeconds: 2 }))
    const { url, child, printed } = await startProcess(data, ['--config', file])
    child.kill('SIGTERM')
    const readReady = async () => (await fetch(`${url}/readyz`)).json()
    await expect.poll(readReady).toEqual({ status: 'unavailable', reasons: ['draining'] })
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect(child.exitCode).toBe(null)
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(printed()).toContain('"msg":"the broker drains"')
  })
})

describe('SIGHUP', () => {
  async function startConfigured(settings: object) {
    const data = makeDataFolder()
    await makeAccount(data)
    const file = join(data, 'tilepass.json')
    const write = (text: string) => writeFileSync(file, text)
    write(JSON.stringify(settings))
    const server = await startProcess(data, ['--config', file])
    const ask = async (grant: string) => {
      const response = await fetch(`${server.url}/map-token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ grant }),
      })
      return response.status
    }
    const reload = (text: string) => {
      write(text)
      server.child.kill('SIGHUP')
    }
    return { ...server, ask, reload }
  }
  const grant = { account: 'city', scope: 'tiles:read' }

  test('reloads grants and the level of the log, and names what needs a restart', async () => {
    const { ask, reload, printed } = await startConfigured({ grants: { one: grant } })
    expect([await ask('one'), await ask('two')]).toEqual([200, 404])
    const port = 1
    const trustProxy = ['loopback']
    reload(
      JSON.stringify({ grants: { two: grant }, logLevel: 'warn', host: '::1', port, trustProxy }),
    )
    await expect.poll(printed).toContain('"settings":["host"]')
    expect(printed()).toContain('"settings":["trustProxy"]')
    expect([await ask('one'), await ask('two')]).toEqual([404, 200])
    const before = printed().length
    reload(JSON.stringify({ grants: { three: grant }, logLevel: 'info' }))
    await expect.poll(() => ask('three')).toBe(200)
    await expect.poll(() => printed().slice(before)).toContain('"path":"/map-token"')
    // What was asked at the level "warn" has no line.
    expect(printed().slice(before)).not.toContain('"statusCode":404')
  })

  test.each([
    ['no JSON', '{', 'JSON'],
    ['an unknown setting', JSON.stringify({ colour: 1 }), 'colour: not a known field'],
    [
      'an account that does not exist',
      JSON.stringify({ grants: { two: { ...grant, account: 'nobody' } } }),
      'grants.two.account: must be an account that exists',
    ],
  ])('with a file that has %s changes nothing, and says why', async (_, text, fault) => {
    const { ask, reload, printed, child, url } = await startConfigured({ grants: { one: grant } })
    reload(text)
    await expect.poll(printed).toContain('the configuration was not reloaded')
    expect(printed()).toContain(fault)
    expect([await ask('one'), await ask('two')]).toEqual([200, 404])
    expect([child.exitCode, (await fetch(`${url}/readyz`)).status]).toEqual([null, 200])
  })
})

test('a reader that closes the pipe early causes no stack trace', async () => {
  const child = spawn(process.execPath, [BIN, 'serve', '--help'])
  child.stdout.destroy()
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const [code] = await once(child, 'close')
  expect([code, printed]).toEqual([0, ''])
})

describe('a start that fails', () => {
  test('lists every fault and exits with 2', async () => {
    const data = makeDataFolder()
    const file = join(data, 'bad.json')
    writeFileSync(file, JSON.stringify({ port: 'x', colour: 1, upstreams: [] }))
    const args = [BIN, 'serve', '--config', file, '--data', data, '--issuer', 'nonsense']
    const failure = await run(process.execPath, args).catch((error) => error)
    expect(failure.code).toBe(2)
    for (const field of ['port', 'colour', 'upstreams', 'issuer'])
      expect(failure.stderr).toContain(`- ${field}: `)
  })

  test('on a port in use says so and exits with 1', async () => {
    const { url } = await startProcess(makeDataFolder())
    const args = [BIN, 'serve', '--port', new URL(url).port, '--data', makeDataFolder()]
    const failure = await run(process.execPath, args).catch((error) => error)
    expect([failure.code, failure.stderr]).toEqual([1, expect.stringContaining('--port')])
  })
})
