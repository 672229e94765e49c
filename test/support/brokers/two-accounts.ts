import type { BrokerOptions } from '../../../server/src/index.ts'
import { demoData } from '../repository.ts'
import { bearer } from './bearer.ts'
import { type BrokerUnderTest, NOW, runCommand, startBroker } from './broker-under-test.ts'

/** A private dataset of `demo`, a private dataset of `rival`, and a public dataset of `demo`. */
export const DATASET = '9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32'
export const RIVAL_DATASET = '0e5b7a52-6f1c-4d7e-9a3b-5c2d1e8f4a60'
const PUBLIC_DATASET = '5f0c1f3e-8a44-4a5e-9a7b-0d2f6b1c3e90'
const EVERY_SCOPE = 'tiles:read places:read billing:manage admin:access'
export const TILE = '/v1/tiles/world/0/0/0.mvt'

/** One token of every kind, all of one account. */
export interface EveryKind {
  readonly api: string
  /** An access token, exchanged for `api`. */
  readonly access: string
  /** An access token that a grant gives to a page. */
  readonly granted: string
  readonly session: string
  readonly refresh: string
  readonly download: string
  readonly pk: string
  readonly sk: string
  readonly tk: string
}

/** The name of a kind in {@link EveryKind}. */
export type KindName = keyof EveryKind

/** A broker with two accounts, `demo` and `rival`, each with the same resources. */
export interface TwoAccounts extends BrokerUnderTest {
  readonly demo: EveryKind
  readonly rival: EveryKind
}

/** Starts a broker with every surface, two accounts, and a token of every kind for each account. */
export async function startTwoAccounts(options: BrokerOptions = {}): Promise<TwoAccounts> {
  const path = demoData('earth.tif')
  const first = await startBroker()
  await setUpAccounts(first.data)
  await first.broker.close()
  const running = await startBroker({
    data: first.data,
    tilesets: { world: { path: demoData('world.pmtiles') } },
    geog: { places: demoData('places.geojson') },
    datasets: {
      'demo-private': { id: DATASET, path, account: 'demo' },
      'rival-private': { id: RIVAL_DATASET, path, account: 'rival' },
      'demo-public': { id: PUBLIC_DATASET, path, account: 'demo', public: true },
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
