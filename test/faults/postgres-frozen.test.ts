import { callsOf } from '../support/faults/calls.ts'
import { startDatabase } from '../support/faults/database.ts'
import { endure } from '../support/faults/outage.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

fault(
  'PostgreSQL frozen',
  'every process of it is stopped (SIGSTOP)',
  { short: 2, long: 30, unit: 's', needs: 'postgres' },
  async ({ scale, report }) => {
    const { url, cluster } = await startDatabase()
    const site = await prepareSite({ databaseUrl: url })
    const server = await site.serve()
    const figures = await endure(callsOf(server.url, site.admin), {
      begin: async () => cluster.signal('SIGSTOP'),
      end: async () => cluster.signal('SIGCONT'),
      lasts: scale * 1_000,
    })
    report('changes refused', figures.refused, { atLeast: 1 })
    report('changes neither made nor refused with 503', figures.oddAnswers, { atMost: 0 })
    report('longest answer', figures.slowest, { atMost: 2_000, unit: 'ms' })
    report('tiles refused while what is known counts (10 s)', figures.tilesRefused, { atMost: 0 })
    report('tiles served after that', figures.tilesServedLate, { atMost: 0 })
    report('recovery once it runs', figures.recovery, { atMost: 5_000, unit: 'ms' })
    report('brokers that ended', Number(!server.isAlive()), { atMost: 0 })
  },
)
