import { fileURLToPath } from 'node:url'
import type { BrokerOptions } from '../../../server/src/index.ts'
import {
  type BrokerUnderTest,
  NOW,
  runCommand,
  startBroker,
} from '../../../server/test/broker-under-test.ts'

const demo = (name: string) =>
  fileURLToPath(new URL(`../../../examples/demo-data/${name}`, import.meta.url))

/** A private dataset of `demo`, and one of `rival`. */
export const DATASET = '9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32'
export const RIVAL_DATASET = '0e5b7a52-6f1c-4d7e-9a3b-5c2d1e8f4a60'
export const PUBLIC_DATASET = '5f0c1f3e-8a44-4a5e-9a7b-0d2f6b1c3e90'
export const EVERY_SCOPE = 'tiles:read places:read billing:manage admin:access'
export const TILE = '/v1/tiles/world/0/0/0.mvt'

/** One token of every kind, all of one account. */
export interface EveryKind {
  readonly api: string
  /** Exchanged for `api`. */
  readonly access: string
  /** Of a grant. */
  readonly granted: string
  readonly session: string
  readonly refresh: string
  readonly download: string
  readonly pk: string
  readonly sk: string
  readonly tk: string
}

/** Name of a kind, as {@link EveryKind} calls it. */
export type KindName = keyof EveryKind

/** A broker with two accounts, `demo` and `rival`, that have the same things. */
export interface TwoAccounts extends BrokerUnderTest {
  readonly demo: EveryKind
  readonly rival: EveryKind
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** Starts a broker with every surface, two accounts, and a token of every kind for each. */
export async function startTwoAccounts(options: BrokerOptions = {}): Promise<TwoAccounts> {
  const path = demo('earth.tif')
  const first = await startBroker()
  await setUpAccounts(first.data)
  await first.broker.close()
  const running = await startBroker({
    data: first.data,
    tilesets: { world: { path: demo('world.pmtiles') } },
    geog: { places: demo('places.geojson') },
    datasets: {
      ours: { id: DATASET, path, account: 'demo' },
      theirs: { id: RIVAL_DATASET, path, account: 'rival' },
      everybodys: { id: PUBLIC_DATASET, path, account: 'demo', public: true },
    },
    grants: {
      rival: { account: 'rival', scope: 'tiles:read' },
      signed: { account: 'demo', scope: 'tiles:read', session: 'required' },
    },
    ...options,
  })
  return {
    ...running,
    demo: await makeEveryKind(running, 'demo', 'default', DATASET),
    rival: await makeEveryKind(running, 'rival', 'rival', RIVAL_DATASET),
  }
}

async function setUpAccounts(data: string): Promise<void> {
  const run = (...args: string[]) => runCommand(data, args, { input: 'correct horse' })
  await run('account', 'create', 'rival', '--password-stdin')
  await run('account', 'set-password', 'demo', '--password-stdin')
}

async function makeEveryKind(
  { cli, post }: BrokerUnderTest,
  account: string,
  grant: string,
  dataset: string,
): Promise<EveryKind> {
  const create = async (...args: string[]) =>
    (await cli('token', 'create', '--account', account, '--scope', ...args)).out.trim()
  const read = async (response: Promise<Response>) => (await response).json()
  const api = await create(EVERY_SCOPE)
  const sk = await create('tokens:read tokens:write scopes:list styles:tiles', '--format', 'mapbox')
  const pk = await create('styles:tiles', '--format', 'mapbox')
  const signIn = await read(post('/token', { username: account, password: 'correct horse' }))
  const temporary = { expires: new Date(NOW + 3_000_000).toISOString(), scopes: ['styles:tiles'] }
  return {
    api,
    sk,
    pk,
    access: (await read(post('/v1/auth/token', {}, bearer(api)))).access_token,
    granted: (await read(post('/map-token', { grant }))).access_token,
    session: signIn.token,
    refresh: signIn.refresh_token,
    download: (await read(post(`/auth/download-token/${dataset}`, undefined, bearer(api)))).token,
    tk: (await read(post(`/tokens/v2/${account}?access_token=${sk}`, temporary))).token,
  }
}
