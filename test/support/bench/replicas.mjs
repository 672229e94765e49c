// @ts-check
import { randomBytes } from 'node:crypto'
import { createAccount, startBroker } from './broker.mjs'

/** Replicas must have the same. */
const ISSUER = 'https://tokens.example'
const SECRET_KEY = randomBytes(32).toString('base64url')

/**
 * Starts brokers on one new database.
 *
 * @param {import('./postgres.mjs').Postgres} postgres
 * @param {string} name Of the database.
 * @param {object} [options]
 * @param {number} [options.count] Of brokers; default 1.
 * @param {object} [options.settings]
 * @param {NonNullable<Parameters<typeof startBroker>[0]>['prepare']} [options.prepare]
 */
export async function startReplicas(
  postgres,
  name,
  { count = 1, settings = {}, prepare = createAccount } = {},
) {
  const env = {
    TILEPASS_DATABASE_URL: await postgres.create(name),
    TILEPASS_SECRET_KEY: SECRET_KEY,
  }
  const brokers = []
  while (brokers.length < count)
    brokers.push(
      await startBroker({
        env,
        settings: { data: undefined, issuer: ISSUER, ...settings },
        ...(brokers.length > 0 ? { prepare: () => undefined } : { prepare }),
      }),
    )
  return brokers
}
