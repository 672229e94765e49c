import { expect } from 'vitest'
import { findDamage } from '../../server/src/store/integrity.ts'
import { openStore } from '../../server/src/store/open.ts'
import { callsOf } from '../support/faults/calls.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'
import { createWriters } from '../support/faults/writers.ts'

const WRITERS = 4

fault(
  'F1',
  'the broker is killed (SIGKILL) while it issues and revokes',
  { short: 3, long: 200, unit: 'kills' },
  async ({ scale, report }) => {
    const site = await prepareSite()
    const writers = createWriters()
    let damaged = 0
    const totals = { created: 0, revoked: 0, lostCreations: 0, lostRevocations: 0 }
    const check = async (url: string) => {
      const found = await writers.check(callsOf(url, site.admin))
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += found[name]
    }

    let server = await site.serve()
    for (let kill = 0; kill < scale; kill++) {
      const calls = callsOf(server.url, site.admin)
      const written = writers.run(WRITERS, calls)
      const goal = writers.countAcknowledged() + 8 + (kill % 17)
      await expect
        .poll(writers.countAcknowledged, { interval: 1, timeout: 20_000 })
        .toBeGreaterThanOrEqual(goal)
      await server.end('SIGKILL')
      await written
      const store = await openStore({ data: site.data }, { patience: 5_000 })
      if ((await findDamage(store)) !== undefined) damaged += 1
      await store.close()
      server = await site.serve()
      await check(server.url)
    }
    report('acknowledged creations', totals.created, { atLeast: 1 })
    report('acknowledged creations that were lost', totals.lostCreations, { atMost: 0 })
    report('acknowledged revocations', totals.revoked, { atLeast: 1 })
    report('acknowledged revocations that were lost', totals.lostRevocations, { atMost: 0 })
    report('stores damaged', damaged, { atMost: 0 })
  },
)
