import { createVerifier, InvalidTokenError } from '@tilepass/guard'
import { expect } from 'vitest'
import { openStore } from '../../server/src/store/open.ts'
import { readClaims, startBroker } from '../../server/test/support/broker-under-test.ts'
import { fillRevocations } from '../../server/test/support/store-under-test.ts'
import { fault } from '../support/faults/row.ts'

/** A list has this many entries at most: 50,000 of what came from something, and 30,000 others. */
const MOST = 80_000
/** The longest answer that a guard reads, in bytes. */
const MOST_BYTES = 4 * 2 ** 20

fault(
  'Feed size',
  `a list of revocations, of which there may be ${MOST.toLocaleString('en')}`,
  { short: 5_000, long: MOST, unit: 'revocations' },
  async ({ scale, report }) => {
    const { url, clock, data, createToken, cli } = await startBroker()
    const store = await openStore({ data }, { patience: 5_000 })
    await fillRevocations(store, scale - 1)
    await store.db.updateTable('revocation_sequence').set({ value: scale }).execute()
    await store.close()
    const [valid, doomed, late] = [await createToken(), await createToken(), await createToken()]
    const revoke = (token: string) => cli('token', 'revoke', String(readClaims(token).sub))
    await revoke(doomed)
    const issuer = String(readClaims(valid).iss)
    const guard = createVerifier({
      issuer,
      audience: issuer,
      jwks: `${url}/.well-known/jwks.json`,
      revocable: true,
      now: () => clock.now,
    })
    const isRefused = (token: string) =>
      guard.verify(token).then(
        () => false,
        (error: unknown) => error instanceof InvalidTokenError,
      )
    const read = async (query = '') => {
      clock.now += 300
      const startedAt = performance.now()
      const response = await fetch(`${url}/.well-known/revocations.json${query}`)
      const text = await response.text()
      const took = performance.now() - startedAt
      return { bytes: text.length, took, ...JSON.parse(text) }
    }
    const whole = await read()
    const again = await read()
    const firstRefused = await isRefused(doomed)
    const isServed = !(await isRefused(valid))
    await revoke(late)
    clock.now += 5_000
    await expect.poll(() => isRefused(late)).toBe(true)
    const news = await read(`?since=${whole.cursor}`)

    report('entries in the list', whole.revoked.length, { atLeast: scale, atMost: scale })
    report('bytes of a list of that many, at most', (whole.bytes / scale) * MOST, {
      atMost: MOST_BYTES,
      unit: 'bytes',
    })
    report('bytes of what is new to a guard', news.bytes, { atMost: 50_000, unit: 'bytes' })
    report('valid tokens that a guard refuses', Number(!isServed), { atMost: 0 })
    report('revoked tokens that a guard accepts', Number(!firstRefused), { atMost: 0 })
    // A guard waits 2 s for it.
    report('time of the first answer', whole.took, { atMost: 2_000, unit: 'ms' })
    report('time of the next one', again.took, { atMost: 2_000, unit: 'ms' })
  },
)
