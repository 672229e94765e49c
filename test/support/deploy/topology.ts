import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, vi } from 'vitest'
import type { ConfigInput } from '../../../server/src/config/schema.ts'
import { root } from '../repository.ts'
import { findFreePort } from '../servers/free-port.ts'
import { createGateways, startNginxFrom, startTileServerFrom } from '../servers/gateways.ts'

const BIN = join(root, 'server/bin/tilepass.js')
const deploy = (path: string) => join(root, 'deploy', path)

/** Where the brokers keep what they know: variables of their environment. */
export type StoreVariables = Readonly<Record<string, string>>

/** A broker of the topology, a process of its own. */
export interface BrokerProcess {
  /** `host:port`. */
  readonly address: string
  readonly child: ChildProcess
  /** What it wrote to standard error: its log. */
  readonly log: () => string
  /** Starts it again, on the same port. Resolves when it is ready. */
  start(): Promise<void>
}

/** How a topology differs from that of `deploy/`. */
export interface TopologyOptions {
  /** How many brokers there are. Default: 2. */
  readonly brokers?: number
  /** The port of nginx, which is then part of the public URL. Default: a free one. */
  readonly port?: number
  /** More of the configuration of the brokers. */
  readonly settings?: ConfigInput
  /** First segments of further paths that nginx hands to the brokers, in the way of `/v1`. */
  readonly paths?: readonly string[]
}

/** What `deploy/compose.yaml` starts, as plain processes. */
export interface Topology {
  /** URL of nginx. */
  readonly url: string
  readonly brokers: readonly BrokerProcess[]
  /** Runs a command of the command line on the store. @returns what it prints. */
  tilepass(...args: string[]): Promise<string>
  /** What nginx and TileServer GL wrote to standard error. */
  readonly stderr: () => string
  stop(): Promise<void>
}

/**
 * Starts two brokers, TileServer GL and nginx with the files of `deploy/`, in which only addresses and
 * folders are replaced.
 *
 * @param store Variables that name the store. Default: SQLite in one data folder.
 * @param options What else differs.
 */
export async function startTopology(
  store: StoreVariables = {},
  options: TopologyOptions = {},
): Promise<Topology> {
  const { paths = [] } = options
  const gateways = createGateways()
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-topology-'))
  gateways.add(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'nginx'))
  const config = join(folder, 'tilepass.json')
  const settings = toLocalConfig(options)
  writeFileSync(config, JSON.stringify(settings))
  const environment = {
    ...withoutTilepass(process.env),
    TILEPASS_CONFIG: config,
    TILEPASS_DATA: join(folder, 'data'),
    ...store,
  }
  const tilepass = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, [BIN, ...args], { env: environment })).stdout

  try {
    await tilepass('account', 'create', 'city')
    const brokers: BrokerProcess[] = []
    while (brokers.length < (options.brokers ?? 2)) {
      const broker = createBrokerProcess(environment)
      gateways.add(() => end(broker.child))
      brokers.push(broker)
    }
    await Promise.all(brokers.map((broker) => broker.start()))
    const tileserver = await startTileServerFrom(gateways, {
      config: writeTileServerConfig(folder),
      publicUrl: `${settings.publicUrl}/`,
    })
    // Last, so that nothing else takes the port meanwhile.
    const port = options.port ?? (await findFreePort())
    const [one = '', ...others] = brokers.map(({ address }) => address)
    const text = readFileSync(deploy('nginx/nginx.conf'), 'utf8')
      .replaceAll('172.28.7.11:8080', one)
      .replaceAll(/^.*172\.28\.7\.12:8080.*\n/gm, (line) =>
        others.map((address) => line.replace('172.28.7.12:8080', address)).join(''),
      )
      .replaceAll('172.28.7.20:8080', tileserver)
      .replace('(v1|[.]well-known)/', (own) =>
        paths.length === 0 ? own : `(${own}|(${paths.join('|')})(/|$))`,
      )
      .replaceAll('listen 8080;', `listen 127.0.0.1:${port};`)
      .replaceAll(' /tmp/', ` ${join(folder, 'nginx')}/`)
      .replaceAll('/dev/stdout', join(folder, 'nginx/access.log'))
    const url = await startNginxFrom(gateways, text, port)
    return { url, brokers, tilepass, stderr: gateways.stderr, stop: () => gateways.run() }
  } catch (error) {
    await gateways.run()
    throw error
  }
}

/** The configuration of the brokers, whose gateway is on this machine. */
function toLocalConfig({ port, settings: more }: TopologyOptions) {
  const settings = JSON.parse(readFileSync(deploy('tilepass.json'), 'utf8'))
  const gateway = ['127.0.0.1']
  return {
    ...settings,
    ...(port !== undefined && { publicUrl: `http://127.0.0.1:${port}` }),
    trustProxy: gateway,
    // In a container each broker has its own.
    metrics: { ...settings.metrics, port: 0 },
    verify: { ...settings.verify, peers: gateway },
    // Every page of a test has the same address.
    mapTokenPerMinute: 1_000_000,
    ...more,
  }
}

/** @returns Path of the configuration of TileServer GL, with the folders that the compose file mounts. */
function writeTileServerConfig(folder: string): string {
  const settings = JSON.parse(readFileSync(deploy('tileserver/config.json'), 'utf8'))
  const { paths } = settings.options
  paths.root = ''
  paths.styles = join(root, 'examples/gateways/tileserver-gl/styles')
  paths.pmtiles = join(root, 'examples/demo-data')
  const file = join(folder, 'tileserver.json')
  writeFileSync(file, JSON.stringify(settings))
  return file
}

function createBrokerProcess(environment: NodeJS.ProcessEnv): BrokerProcess {
  let child: ChildProcess | undefined
  let port: string | undefined
  let log = ''
  return {
    get address() {
      return `127.0.0.1:${port}`
    },
    get child() {
      if (!child) throw new Error('The broker has not been started')
      return child
    },
    log: () => log,
    start: async () => {
      // A free one at first, which it keeps.
      const env = { ...environment, TILEPASS_HOST: '127.0.0.1', TILEPASS_PORT: port ?? '0' }
      const started = spawn(process.execPath, [BIN, 'serve'], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      child = started
      let own = ''
      started.stderr.on('data', (chunk) => {
        own += chunk
        log += chunk
      })
      const expectReady = async () => {
        if (started.exitCode !== null) throw new Error(`A broker ended: ${own}`)
        const listens = /"port":(\d+),.*"the broker listens"/.exec(own)
        expect(listens).not.toBeNull()
        port = listens?.[1]
        expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200)
      }
      await vi.waitFor(expectReady, { timeout: 60_000, interval: 50 })
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Settings of whoever runs the tests do not count. */
function withoutTilepass(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('TILEPASS_')),
  )
}
