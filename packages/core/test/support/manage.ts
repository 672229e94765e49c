import { createTokenManager, type TokenError, type TokenManagerOptions } from '../../src/index.ts'
import type { Broker } from './broker.ts'

export const ALLOW = 'https://tiles.example.com/v1/'
export const TILE = `${ALLOW}1/2/3.png`

/** A manager that gets its tokens from the broker, and what it reports once `listen()` was called. */
export function manage(broker: Broker, options: Partial<TokenManagerOptions> = {}) {
  const tokens = createTokenManager(broker, { allow: [ALLOW], ...options })
  const errors: TokenError[] = []
  const states: string[] = []
  const listen = () => {
    tokens.on('error', (error) => errors.push(error))
    tokens.on('state', (state) => states.push(state))
  }
  return { tokens, errors, states, listen }
}

/** How a promise ends: `resolved`, or the code or name of its error. */
export const settled = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error) => (typeof error.code === 'string' ? error.code : error.name),
  )
