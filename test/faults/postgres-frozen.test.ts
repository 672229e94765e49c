import { callsOf } from '../support/faults/calls.ts'
import { startDatabase } from '../support/faults/database.ts'
import { endure, reportOutage } from '../support/faults/outage.ts'
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
    reportOutage(report, figures, 'recovery once it runs')
    report('brokers that ended', Number(!server.isAlive()), { atMost: 0 })
  },
)
