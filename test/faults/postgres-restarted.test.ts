import { callsOf } from '../support/faults/calls.ts'
import { startDatabase } from '../support/faults/database.ts'
import { endure } from '../support/faults/outage.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

/** For how long it is away, in ms, besides the time that it takes to start. */
const AWAY = 200

fault(
  'PostgreSQL restarted',
  'it is stopped at once and started again, under load',
  { short: 1, long: 20, unit: 'restarts', needs: 'postgres' },
  async ({ scale, report }) => {
    const { url, cluster } = await startDatabase()
    const site = await prepareSite({ databaseUrl: url })
    const server = await site.serve()
    const totals = { odd: 0, slowest: 0, tilesRefused: 0, recovery: 0 }
    for (let restart = 0; restart < scale; restart++) {
      const figures = await endure(callsOf(server.url, site.admin), {
        begin: cluster.kill,
        end: cluster.start,
        lasts: AWAY,
      })
      totals.odd += figures.oddAnswers
      totals.slowest = Math.max(totals.slowest, figures.slowest)
      totals.tilesRefused += figures.tilesRefused
      totals.recovery = Math.max(totals.recovery, figures.recovery)
    }
    report('changes neither made nor refused with 503', totals.odd, { atMost: 0 })
    report('longest answer', totals.slowest, { atMost: 2_000, unit: 'ms' })
    report('tiles refused', totals.tilesRefused, { atMost: 0 })
    report('recovery once it accepts connections', totals.recovery, { atMost: 5_000, unit: 'ms' })
    report('brokers that ended', Number(!server.isAlive()), { atMost: 0 })
  },
)
