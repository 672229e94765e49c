import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Broker, type BrokerOptions, createBroker } from '@tilepass/broker'
import { expect, vi } from 'vitest'
import { findProgram, findTileServer } from '../../../scripts/gateways.mjs'
import { root } from '../repository.ts'
import { findFreePort } from './free-port.ts'
import { startServer } from './start-server.ts'
import { createTeardown, type Teardown } from './teardown.ts'

const recipes = join(root, 'examples/gateways')

/** Gateways, brokers and servers of a test file. Those started through it stop with `run`. */
export interface Gateways extends Teardown {
  /** What programs wrote to standard error. */
  readonly stderr: () => string
  write(text: string): void
}

export function createGateways(): Gateways {
  let stderr = ''
  return {
    ...createTeardown(),
    stderr: () => stderr,
    write: (text) => {
      stderr += text
    },
  }
}

export interface GatewayBroker {
  readonly broker: Broker
  /** `host:port`. */
  readonly address: string
  /** Gets an access token of a grant. */
  mint(grant?: string): Promise<string>
}

/** Starts the broker of the recipes on a free port. */
export async function startBroker(
  gateways: Gateways,
  options: BrokerOptions = {},
): Promise<GatewayBroker> {
  const data = mkdtempSync(join(tmpdir(), 'tilepass-gateway-'))
  gateways.add(() => rmSync(data, { recursive: true, force: true }))
  const settings = JSON.parse(readFileSync(join(recipes, 'broker.json'), 'utf8'))
  const broker = await createBroker({ ...settings, ...options, data })
  gateways.add(() => broker.close())
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

/** Starts a server that stands in for the tile server. @returns `host:port`. */
export async function startUpstream(gateways: Gateways, handle: RequestListener): Promise<string> {
  const { address, close } = await startServer(handle)
  gateways.add(close)
  return address
}

/**
 * Starts TileServer GL as the recipes configure it.
 *
 * @param publicPort The port of the gateway, which clients use.
 * @returns `host:port`.
 */
export function startTileServer(gateways: Gateways, publicPort: number): Promise<string> {
  const publicUrl = `http://127.0.0.1:${publicPort}/`
  return startTileServerFrom(gateways, { config: 'config.json', publicUrl })
}

/**
 * Starts TileServer GL with a configuration.
 *
 * @param settings.config Path of the file; relative paths start at the recipe.
 * @param settings.publicUrl URL at which clients reach it.
 * @returns `host:port`.
 */
export async function startTileServerFrom(
  gateways: Gateways,
  { config, publicUrl }: { readonly config: string; readonly publicUrl: string },
): Promise<string> {
  const main = findTileServer()
  if (!main) throw new Error('TileServer GL is not installed')
  const port = await findFreePort()
  const preload = ['--require', './without-sqlite.cjs']
  const options = ['--config', config, '--bind', '127.0.0.1', '--port', `${port}`]
  const args = [...preload, main, ...options, '--silent', '--public_url', publicUrl]
  start(gateways, process.execPath, args, join(recipes, 'tileserver-gl'))
  // It listens before it has opened its tilesets, and answers 404 until then.
  const expectHealthy = async () =>
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
  await vi.waitFor(expectHealthy, { timeout: 60_000, interval: 50 })
  return `127.0.0.1:${port}`
}

/** Addresses that replace those of a recipe. */
export interface Addresses {
  readonly broker: string
  readonly tileserver: string
  /** The port of the gateway. */
  readonly port: number
}

/** Starts nginx with the configuration of the recipe. @returns its URL. */
export function startNginx(gateways: Gateways, addresses: Addresses): Promise<string> {
  const text = readRecipe('nginx/nginx.conf', addresses)
    // As in the mime.types of many installations: refusals must stay JSON.
    .replace('types {', 'types { application/x-protobuf pbf; application/json json;')
    .replace('alias ../../demo-data/', `alias ${join(root, 'examples/demo-data')}/`)
  return startNginxWith(gateways, text, addresses)
}

/** Starts nginx with a configuration, with other addresses. @returns its URL. */
export function startNginxWith(
  gateways: Gateways,
  text: string,
  addresses: Addresses,
): Promise<string> {
  return startNginxFrom(gateways, replaceAddresses(text, addresses), addresses.port)
}

/** Starts nginx with a configuration that listens on a port of this machine. @returns its URL. */
export async function startNginxFrom(
  gateways: Gateways,
  text: string,
  port: number,
): Promise<string> {
  const folder = makeFolder(gateways)
  const isRoot = process.getuid?.() === 0
  // The account that nginx would use may not be able to read the checkout.
  const own = text.replace('daemon off;', `daemon off;${isRoot ? ' user root;' : ''}`)
  writeFileSync(join(folder, 'nginx.conf'), own)
  start(gateways, findProgram('nginx') ?? 'nginx', ['-p', folder, '-c', 'nginx.conf'], folder)
  await waitForPort(port)
  return `http://127.0.0.1:${port}`
}

/** Starts Caddy with the configuration of the recipe. @returns its URL. */
export async function startCaddy(gateways: Gateways, addresses: Addresses): Promise<string> {
  const folder = makeFolder(gateways)
  writeFileSync(join(folder, 'Caddyfile'), readRecipe('caddy/Caddyfile', addresses))
  start(gateways, findProgram('caddy') ?? 'caddy', ['run', '--config', 'Caddyfile'], folder)
  await waitForPort(addresses.port)
  return `http://127.0.0.1:${addresses.port}`
}

/** Reads a file of a recipe, with other addresses. */
export function readRecipe(path: string, addresses: Addresses): string {
  return replaceAddresses(readFileSync(join(recipes, path), 'utf8'), addresses)
}

function replaceAddresses(text: string, { broker, tileserver, port }: Addresses): string {
  return text
    .replaceAll('127.0.0.1:8080', broker)
    .replaceAll('127.0.0.1:8090', tileserver)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
}

function makeFolder(gateways: Gateways): string {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-gateway-'))
  gateways.add(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'temp'))
  return folder
}

function start(gateways: Gateways, program: string, args: string[], cwd: string): void {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
    gateways.write(String(chunk))
  })
  child.on('exit', (code) => {
    if (code) process.stderr.write(`${program} ended with ${code}: ${stderr}\n`)
  })
  gateways.add(async () => {
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
