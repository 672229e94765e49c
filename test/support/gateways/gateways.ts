import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Broker, type BrokerOptions, createBroker } from '@tilepass/broker'
import { expect, vi } from 'vitest'
import { findProgram, findTileServer } from '../../../scripts/gateways.mjs'

const root = join(import.meta.dirname, '../../..')
const gateways = join(root, 'examples/gateways')

/** Whatever a test started, to be ended in the opposite order. */
export class Running {
  readonly #ends: (() => unknown)[] = []
  /** What programs wrote to standard error. */
  words = ''

  add<T>(started: T, end: () => unknown): T {
    this.#ends.push(end)
    return started
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end()
  }
}

/** The broker of the recipes, on a free port and a fake clock if one is given. */
export async function startBroker(
  running: Running,
  options: BrokerOptions = {},
): Promise<{ broker: Broker; address: string; mint(grant?: string): Promise<string> }> {
  const data = mkdtempSync(join(tmpdir(), 'tilepass-gateway-'))
  running.add(data, () => rmSync(data, { recursive: true, force: true }))
  const settings = JSON.parse(readFileSync(join(gateways, 'broker.json'), 'utf8'))
  const broker = await createBroker({ ...settings, ...options, data })
  running.add(broker, () => broker.close())
  const { port } = await broker.listen(0)
  const address = `127.0.0.1:${port}`
  return {
    broker,
    address,
    mint: async (grant) => {
      const response = await fetch(`http://${address}/map-token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(grant ? { grant } : {}),
      })
      return (await response.json()).access_token
    },
  }
}

/** A server of one's own in the place of the tile server. */
export async function startUpstream(running: Running, handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  running.add(server, () => server.close().closeAllConnections())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** TileServer GL as the recipes configure it. @param publicPort Where clients reach it. */
export async function startTileServer(running: Running, publicPort: number): Promise<string> {
  const main = findTileServer()
  if (!main) throw new Error('TileServer GL is not installed')
  const port = await findFreePort()
  const preload = ['--require', './without-sqlite.cjs']
  const options = [
    '--config',
    'config.json',
    '--bind',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--silent',
  ]
  const url = ['--public_url', `http://127.0.0.1:${publicPort}/`]
  const args = [...preload, main, ...options, ...url]
  start(running, process.execPath, args, join(gateways, 'tileserver-gl'))
  // It listens before it has opened its tilesets, and answers 404 until then.
  const isHealthy = async () =>
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
  await vi.waitFor(isHealthy, { timeout: 60_000, interval: 50 })
  return `127.0.0.1:${port}`
}

/** Addresses that stand for those of the recipe. */
export interface Addresses {
  readonly broker: string
  readonly tileserver: string
  /** Port of the gateway. */
  readonly port: number
}

/** Real nginx with the recipe's own configuration. @returns its URL. */
export async function startNginx(running: Running, addresses: Addresses): Promise<string> {
  const folder = makeFolder(running)
  const isRoot = process.getuid?.() === 0
  const text = readRecipe('nginx/nginx.conf', addresses)
    // The files of the checkout need not be readable for whoever nginx would run as.
    .replace('daemon off;', `daemon off;${isRoot ? ' user root;' : ''}`)
    .replace('alias ../../demo-data/', `alias ${join(root, 'examples/demo-data')}/`)
  writeFileSync(join(folder, 'nginx.conf'), text)
  start(running, findProgram('nginx') ?? 'nginx', ['-p', folder, '-c', 'nginx.conf'], folder)
  await waitForPort(addresses.port)
  return `http://127.0.0.1:${addresses.port}`
}

/** Real Caddy with the recipe's own configuration. @returns its URL. */
export async function startCaddy(running: Running, addresses: Addresses): Promise<string> {
  const folder = makeFolder(running)
  writeFileSync(join(folder, 'Caddyfile'), readRecipe('caddy/Caddyfile', addresses))
  start(running, findProgram('caddy') ?? 'caddy', ['run', '--config', 'Caddyfile'], folder)
  await waitForPort(addresses.port)
  return `http://127.0.0.1:${addresses.port}`
}

/** A recipe's file, with other addresses. */
export function readRecipe(path: string, { broker, tileserver, port }: Addresses): string {
  return readFileSync(join(gateways, path), 'utf8')
    .replaceAll('127.0.0.1:8080', broker)
    .replaceAll('127.0.0.1:8090', tileserver)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
}

/** Sends a request with exactly this target, which fetch would tidy up. */
export function send(
  url: string,
  target: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    request({ hostname, port, path: target, headers, method, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, body: Buffer.concat(chunks) })
      })
    })
      .on('error', reject)
      .end()
  })
}

/** A port that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function makeFolder(running: Running): string {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-gateway-'))
  running.add(folder, () => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'temp'))
  return folder
}

function start(running: Running, program: string, args: string[], cwd: string): ChildProcess {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  child.stderr?.on('data', (chunk) => {
    words += chunk
    running.words += chunk
  })
  child.on('exit', (code) => {
    if (code) process.stderr.write(`${program} ended with ${code}: ${words}\n`)
  })
  return running.add(child, async () => {
    if (child.exitCode !== null) return
    child.kill()
    await once(child, 'exit')
  })
}

async function waitForPort(port: number): Promise<void> {
  const knock = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve()
      })
      socket.on('error', reject)
    })
  await vi.waitFor(knock, { timeout: 30_000, interval: 50 })
}
