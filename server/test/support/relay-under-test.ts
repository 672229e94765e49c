import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { BrokerOptions } from '../../src/index.ts'
import { type BrokerUnderTest, startBroker, watchLog } from './broker-under-test.ts'

/** A broker that relays, on a clock that can be moved, with its log. */
export interface RelayUnderTest extends BrokerUnderTest {
  /** Moves its clock by so many ms. */
  skip(ms: number): void
  /** Everything that it has logged, at any level. */
  readonly logged: () => string
  /** Asks `/map-token`. */
  ask(grant: string, members?: object, headers?: Record<string, string>): Promise<Response>
}

/** Starts a broker on the machine's clock, because the other process has no other. */
export async function startRelay(options: BrokerOptions): Promise<RelayUnderTest> {
  let skipped = 0
  const { logger, logged } = watchLog()
  const broker = await startBroker({ logger, now: () => Date.now() + skipped, ...options })
  return {
    ...broker,
    skip: (ms) => {
      skipped += ms
    },
    logged,
    ask: (grant, members = {}, headers = {}) =>
      broker.post('/map-token', { grant, ...members }, headers),
  }
}

/** A secret in a file, as a deployment mounts it. */
export interface SecretFile {
  /** For the configuration. */
  readonly source: { readonly file: string }
  replace(next: string): void
}

/** Writes a secret to a file that is gone after the test. */
export function writeSecret(secret: string): SecretFile {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-secret-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'secret')
  const replace = (next: string) => writeFileSync(file, `${next}\n`)
  replace(secret)
  return { source: { file }, replace }
}
