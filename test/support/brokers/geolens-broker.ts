import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { BrokerOptions } from '../../../server/src/index.ts'
import { demoData } from '../repository.ts'
import { type BrokerUnderTest, runCommand, startBroker } from './broker-under-test.ts'

/** The file of both datasets, and its content. */
export const COG = demoData('earth.tif')
export const bytes = readFileSync(COG)
export const PUBLIC = '0e5b7a52-6f1c-4d7e-9a3b-5c2d1e8f4a60'
export const PRIVATE = '9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32'
export const ABSENT = '2489e9ad-2ee2-4e00-8ec9-32d5f69181c0'

export const DATASETS = {
  earth: { id: PUBLIC, path: COG, account: 'demo', public: true },
  'earth-private': { id: PRIVATE, path: COG, account: 'demo' },
}

/** A broker whose account `demo` has a public and a private dataset. */
export interface GeolensBroker extends BrokerUnderTest {
  /** Creates an API token. */
  createKey(account?: string, ...more: string[]): Promise<string>
  /** Asks for a download token. */
  mint(id: string, headers?: Record<string, string>): Promise<Response>
  mintToken(id: string, headers?: Record<string, string>): Promise<string>
  download(id: string, query?: string, init?: RequestInit): Promise<Response>
  addAccount(name: string, password: string): Promise<unknown>
  signIn(username: string, password: string): Promise<string>
}

export async function startGeolensBroker(options: BrokerOptions = {}): Promise<GeolensBroker> {
  const running = await startBroker({ datasets: DATASETS, ...options })
  const { url, data, post, cli } = running
  const mint = (id: string, headers: Record<string, string> = {}) =>
    post(`/auth/download-token/${id}`, undefined, headers)
  return {
    ...running,
    mint,
    createKey: async (account = 'demo', ...more) => {
      const args = ['--account', account, '--scope', 'tiles:read', ...more]
      return (await cli('token', 'create', ...args)).out.trim()
    },
    mintToken: async (id, headers = {}) => (await (await mint(id, headers)).json()).token,
    download: (id, query = '', init = {}) =>
      fetch(`${url}/datasets/${id}/download/cog${query}`, init),
    addAccount: (name, password) =>
      runCommand(data, ['account', 'create', name, '--password-stdin'], { input: password }),
    signIn: async (username, password) =>
      (await (await post('/token', { username, password })).json()).token,
  }
}

/** Checks the shape that every refusal has. @returns its status, title and detail. */
export async function readProblem(response: Response) {
  const problem = await response.json()
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  if (response.status === 401) expect(response.headers.get('www-authenticate')).toBe('Bearer')
  expect(problem).toEqual({
    type: 'about:blank',
    title: expect.any(String),
    status: response.status,
    detail: expect.any(String),
  })
  return [response.status, problem.title, problem.detail]
}
