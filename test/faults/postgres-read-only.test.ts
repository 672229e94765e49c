import { callsOf } from '../support/faults/calls.ts'
import { startDatabase } from '../support/faults/database.ts'
import { endure, reportOutage } from '../support/faults/outage.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

fault(
  'PostgreSQL read-only',
  'it allows only transactions that read, as after a failover',
  { short: 1, long: 30, unit: 's', needs: 'postgres' },
  async ({ scale, report }) => {
    const { url, cluster } = await startDatabase()
    const site = await prepareSite({ databaseUrl: url })
    const server = await site.serve()
    const set = async (statement: string) => {
      await cluster.run(statement)
      await cluster.run('select pg_reload_conf()')
    }
    const figures = await endure(callsOf(server.url, site.admin), {
      begin: () => set('alter system set default_transaction_read_only = on'),
      end: () => set('alter system reset default_transaction_read_only'),
      lasts: scale * 1_000,
    })
    // What it has may be that of a server that was left behind, so it counts as an outage.
    reportOutage(report, figures, 'recovery once it can be written')
    report('brokers that ended', Number(!server.isAlive()), { atMost: 0 })
  },
)
