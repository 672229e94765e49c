import { expect } from 'vitest'
import type { BrokerOptions } from '../../../server/src/index.ts'
import { bearer } from './bearer.ts'
import { type BrokerUnderTest, runCommand, startBroker } from './broker-under-test.ts'

export const PASSWORD = 'correct horse'
export const BEARER_MESSAGE =
  'You must specify a Bearer token in the Authorization header to access this resource'
/** Limits on sign-ins that no test reaches. */
export const HIGH = { perMinute: 100_000, addressPerMinute: 100_000 }

export interface Tokens {
  readonly token: string
  readonly refresh_token: string
}

/** A broker whose account `city` has a password. */
export interface LoginBroker extends BrokerUnderTest {
  signIn(password?: string, username?: string): Promise<Response>
  /** Signs in. */
  getTokens(): Promise<Tokens>
  refresh(refreshToken: string, headers?: Record<string, string>): Promise<Response>
  readAccount(session: string): Promise<Response>
}

export async function startLoginBroker(options: BrokerOptions = {}): Promise<LoginBroker> {
  const running = await startBroker(options)
  const { post, url } = running
  const args = ['account', 'create', 'city', '--email', 'maps@city.example', '--password-stdin']
  await runCommand(running.data, args, { input: PASSWORD })
  const signIn = (password = PASSWORD, username = 'city') => post('/token', { username, password })
  return {
    ...running,
    signIn,
    getTokens: async () => (await signIn()).json(),
    refresh: (refreshToken, headers = {}) =>
      post('/token', { refresh_token: refreshToken }, headers),
    readAccount: (session) => fetch(`${url}/account`, { headers: bearer(session) }),
  }
}

/** Checks the shape that every refusal has. @returns its status and its code. */
export async function readRefusal(response: Response) {
  const body = await response.json()
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(body).toEqual({ error: expect.any(String), message: expect.any(String) })
  return [response.status, body.error]
}
