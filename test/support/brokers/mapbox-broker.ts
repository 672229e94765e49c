import type { BrokerOptions } from '../../../server/src/index.ts'
import { type BrokerUnderTest, startBroker } from './broker-under-test.ts'

/** The scopes of the first token. */
export const FIRST_SCOPES = [
  'tokens:read',
  'tokens:write',
  'scopes:list',
  'styles:tiles',
  'styles:read',
  'fonts:read',
  'datasets:read',
  'vision:read',
  'styles:list',
  'datasets:write',
]

/** The metadata object of a token. */
export interface Metadata {
  readonly id: string
  readonly usage: string
  readonly note: string
  readonly default: boolean
  readonly scopes: readonly string[]
  readonly created: string
  readonly modified: string
  readonly token: string
}

/** A broker whose account `demo` has a secret token for the Tokens API. */
export interface MapboxBroker extends BrokerUnderTest {
  /** The secret token. */
  readonly sk: string
  /** Creates a token by command. */
  createMapboxToken(scopes: readonly string[], account?: string): Promise<string>
  /** Asks the Tokens API; the token goes into the query. */
  ask<T = Metadata>(
    method: string,
    path: string,
    options?: { token?: string | null; body?: unknown; headers?: Record<string, string> },
  ): Promise<{ status: number; body: T; headers: Headers }>
}

export async function startMapboxBroker(options: BrokerOptions = {}): Promise<MapboxBroker> {
  const running = await startBroker(options)
  const createMapboxToken = async (scopes: readonly string[], account = 'demo') => {
    const args = ['--format', 'mapbox', '--account', account, '--scope', scopes.join(' ')]
    return (await running.cli('token', 'create', ...args)).out.trim()
  }
  const sk = await createMapboxToken(FIRST_SCOPES)
  return {
    ...running,
    sk,
    createMapboxToken,
    ask: async (method, path, { token = sk, body, headers = {} } = {}) => {
      const url = new URL(path, running.url)
      if (token !== null) url.searchParams.set('access_token', token)
      const response = await fetch(url, {
        method,
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? undefined : JSON.parse(text),
      }
    },
  }
}

/** A broker with a second account `neighbour`, which has tokens of its own. */
export async function startWithNeighbour() {
  const running = await startMapboxBroker()
  await running.cli('account', 'create', 'neighbour')
  const neighbourSk = await running.createMapboxToken(FIRST_SCOPES, 'neighbour')
  const { body } = await running.ask('POST', '/tokens/v2/neighbour', {
    token: neighbourSk,
    body: { scopes: ['styles:read'] },
  })
  return { ...running, neighbourId: body.id }
}

/** The Tokens API of the account `demo`. */
export const PATH = '/tokens/v2/demo'
export const iso = (epochMs: number) => new Date(epochMs).toISOString()
export const payloadOf = (token: string) => JSON.parse(atob(token.split('.')[1] ?? ''))
