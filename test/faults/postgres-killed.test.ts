import { expect } from 'vitest'
import { callsOf, createToken, requireBody } from '../support/faults/calls.ts'
import { startDatabase } from '../support/faults/database.ts'
import { timeUntil } from '../support/faults/load.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'
import { createWriters } from '../support/faults/writers.ts'

const WRITERS = 4

fault(
  'PostgreSQL killed',
  'every process of it is killed (SIGKILL) while brokers issue and revoke',
  { short: 2, long: 40, unit: 'kills', needs: 'postgres' },
  async ({ scale, report }) => {
    const { url, cluster, crash } = await startDatabase()
    const site = await prepareSite({ databaseUrl: url })
    const servers = [await site.serve(), await site.serve()]
    const [calls, other] = servers.map((server) => callsOf(server.url, site.admin))
    if (!calls || !other) throw new TypeError('there is no replica')
    const { token } = await createToken(calls)
    const { access_token: access } = await requireBody(calls.exchange(token))
    const writers = createWriters()
    const totals = { changes: 0, lost: 0, odd: 0, slowest: 0, tilesRefused: 0, recovery: 0 }
    for (let kill = 0; kill < scale; kill++) {
      const written = [writers.run(WRITERS, calls), writers.run(WRITERS, other)]
      const goal = writers.countAcknowledged() + 1 + (kill % 37)
      await expect
        .poll(writers.countAcknowledged, { interval: 1, timeout: 20_000 })
        .toBeGreaterThanOrEqual(goal)
      await crash()
      await Promise.all(written)
      const refusals = [await calls.createToken(), await calls.revoke('tok_x')]
      totals.odd += refusals.filter(({ status }) => status !== 503).length
      totals.slowest = Math.max(totals.slowest, ...refusals.map(({ took }) => took))
      if ((await calls.readTile(access)).status !== 200) totals.tilesRefused += 1
      await cluster.start()
      for (const replica of [calls, other]) {
        const isHealed = async () => (await replica.createToken()).status === 201
        totals.recovery = Math.max(totals.recovery, await timeUntil(isHealed))
      }
      const held = await writers.check(other)
      totals.changes += held.created + held.revoked
      totals.lost += held.lostCreations + held.lostRevocations
    }
    report('acknowledged changes', totals.changes, { atLeast: 1 })
    report('acknowledged changes that were lost', totals.lost, { atMost: 0 })
    report('changes answered by anything but 503 meanwhile', totals.odd, { atMost: 0 })
    report('longest refusal', totals.slowest, { atMost: 2_000, unit: 'ms' })
    report('tiles refused meanwhile', totals.tilesRefused, { atMost: 0 })
    report('recovery once it accepts connections', totals.recovery, { atMost: 5_000, unit: 'ms' })
    const ended = servers.filter((server) => !server.isAlive()).length
    report('brokers that ended', ended, { atMost: 0 })
  },
)
