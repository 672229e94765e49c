import { randomBytes } from 'node:crypto'
import { type Cluster, startCluster } from '../../../server/test/support/postgres-cluster.ts'
import { startTopology, type Topology } from '../deploy/topology.ts'
import { demoData } from '../repository.ts'
import { createTeardown } from '../servers/teardown.ts'
import { ask, parseJson, toInit } from './answer.ts'
import type { ApiToken } from './registry.ts'
import { PASSWORD } from './sessions.ts'

/** The id of a dataset of the account `city`. */
export const DATASET = '9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32'
/** Of the tokens of pages, in s. */
export const PAGE_TOKEN_SECONDS = 15
const HIGH = 1_000_000

/** Three replicas on a PostgreSQL server of their own, behind nginx. */
export interface Site {
  readonly topology: Topology
  readonly cluster: Cluster
  readonly admin: string
  /** A secret token for the Tokens API. */
  readonly sk: string
  /** API tokens that stay valid. */
  readonly permanent: readonly ApiToken[]
  stop(): Promise<void>
}

/** @param port Of nginx. @param origin Of the pages. */
export async function startSite(port: number, origin: string): Promise<Site> {
  const { add, run } = createTeardown()
  try {
    // Unlike that of other tests, it has a commit in its log before it says so.
    const cluster = await startCluster(() => ['synchronous_commit=on', 'full_page_writes=on'])
    add(cluster.remove)
    await cluster.run('create database tilepass')
    const store = {
      TILEPASS_DATABASE_URL: `${cluster.url}/tilepass`,
      TILEPASS_SECRET_KEY: randomBytes(32).toString('base64url'),
    }
    const grant = { account: 'city', scope: 'tiles:read' as const, origins: [origin] }
    const topology = await startTopology(store, {
      brokers: 3,
      port,
      paths: ['token', 'logout', 'account', 'oauth', 'tokens', 'auth', 'datasets'],
      settings: {
        grants: { default: { ...grant, expiresInSeconds: PAGE_TOKEN_SECONDS } },
        geog: { places: demoData('places.geojson') },
        tilesets: { world: { path: demoData('world.pmtiles') } },
        datasets: { earth: { id: DATASET, path: demoData('earth.tif'), account: 'city' } },
        login: { perMinute: HIGH, addressPerMinute: HIGH },
        mapbox: { requestsPerMinute: HIGH },
        downloadTokensPerMinute: HIGH,
      },
    })
    add(topology.stop)
    const admin = await createToken(topology, 'admin:access tiles:read')
    for (const name of ['member', 'guest']) {
      const asked = toInit({ json: { name, password: PASSWORD }, bearer: admin })
      const { status } = await ask(`${topology.url}/v1/admin/accounts`, asked)
      if (status !== 201) throw new Error(`An account was not created: ${status}`)
    }
    const permanent: ApiToken[] = []
    while (permanent.length < 4) {
      const token = await createToken(topology, 'tiles:read places:read')
      permanent.push({ id: readId(token), token })
    }
    const sk = await createToken(topology, 'tokens:read tokens:write styles:tiles', 'mapbox')
    return { topology, cluster, admin, sk, permanent, stop: run }
  } catch (error) {
    await run()
    throw error
  }
}

async function createToken({ tilepass }: Topology, scope: string, format = 'jwt'): Promise<string> {
  const args = ['--account', 'city', '--scope', scope, '--format', format]
  return (await tilepass('token', 'create', ...args)).trim()
}

/** The `sub` of an API token. */
function readId(token: string): string {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return String(Object(parseJson(payload)).sub)
}
