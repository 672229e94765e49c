import { createVerifier } from '@tilepass/guard'
import { expect } from 'vitest'
import { readClaims, startBroker } from '../../server/test/support/broker-under-test.ts'
import { keepAsking } from '../support/faults/load.ts'
import { fault } from '../support/faults/row.ts'

const HOUR = 3_600_000
/** A key leaves the set a while after the last of its tokens has ended; the longest-lived one lasts a year. */
const YEAR = 366 * 24 * HOUR
const VISITORS = 4

fault(
  'F9',
  'keys are rotated under load',
  { short: 4, long: 20, unit: 'rotations' },
  async ({ scale, report }) => {
    const { url, post, createToken, clock, cli } = await startBroker({
      mapTokenPerMinute: 1_000_000,
    })
    const issuer = String(readClaims(await createToken('tiles:read')).iss)
    const guard = createVerifier({
      issuer,
      audience: issuer,
      jwks: `${url}/.well-known/jwks.json`,
      now: () => clock.now,
    })
    const listKids = async (): Promise<string[]> => {
      const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json()
      return keys.map(({ kid }: { kid: string }) => kid)
    }
    const [oldest = ''] = await listKids()
    const refused: unknown[] = []
    const kids = new Set<unknown>()
    let verified = 0
    const load = keepAsking(VISITORS, async () => {
      const { access_token: token } = await (await post('/map-token')).json()
      kids.add(JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString()).kid)
      for (let tile = 0; tile < 20; tile++)
        await guard.verify(token).then(
          () => verified++,
          (error) => {
            // The clock jumps by hours here, so a token may really have expired.
            if (error.code !== 'TOKEN_EXPIRED') refused.push(error)
          },
        )
    })
    for (let round = 0; round < scale; round++) {
      const added = JSON.parse((await cli('key', 'rotate', '--json')).out)
      // The hour between publishing and signing passes in one step, so the first must have happened.
      await expect.poll(listKids, { timeout: 20_000 }).toContain(added.kid)
      clock.now += HOUR + 60_000
      const before = verified
      await expect.poll(() => verified, { timeout: 20_000 }).toBeGreaterThan(before + 40)
    }
    await load.stop()
    const isKept = (await listKids()).includes(oldest)
    clock.now += YEAR
    await expect.poll(listKids, { timeout: 20_000 }).not.toContain(oldest)

    report('tokens verified', verified, { atLeast: 40 * scale })
    report('valid tokens refused', refused.length, { atMost: 0 })
    report('keys that signed', kids.size, { atLeast: scale + 1, atMost: scale + 1 })
    report('first key in the set while its tokens last', Number(isKept), { atLeast: 1 })
    report('first key in the set afterwards', Number((await listKids()).includes(oldest)), {
      atMost: 0,
    })
  },
)
