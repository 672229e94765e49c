import { createVerifier } from '@tilepass/guard'
import { expect, test } from 'vitest'
import { readClaims, startBroker } from '../support/broker-under-test.ts'

const HOUR = 3_600_000
const ROTATIONS = 20

test('F9: a guard on another server refuses no valid token during 20 rotations under load', async () => {
  const { url, post, createToken, clock, cli } = await startBroker({
    mapTokenPerMinute: 1_000_000,
  })
  const { iss } = readClaims(await createToken('tiles:read'))
  const issuer = String(iss)
  const guard = createVerifier({
    issuer,
    audience: issuer,
    jwks: `${url}/.well-known/jwks.json`,
    now: () => clock.now,
  })
  const listKids = async () => {
    const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json()
    return keys.map(({ kid }: { kid: string }) => kid)
  }
  const refused: unknown[] = []
  const kids = new Set<unknown>()
  let verified = 0
  let isOver = false
  const visit = async () => {
    while (!isOver) {
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
    }
  }
  const visitors = Array.from({ length: 4 }, visit)
  for (let round = 0; round < ROTATIONS; round++) {
    const added = JSON.parse((await cli('key', 'rotate', '--json')).out)
    // The hour between publishing and signing passes in one step, so the first must have happened.
    await expect.poll(listKids, { timeout: 20_000 }).toContain(added.kid)
    clock.now += HOUR + 60_000
    const before = verified
    await expect.poll(() => verified, { timeout: 20_000 }).toBeGreaterThan(before + 40)
  }
  isOver = true
  await Promise.all(visitors)
  expect(refused).toEqual([])
  expect(kids.size).toBe(ROTATIONS + 1)
}, 120_000)
