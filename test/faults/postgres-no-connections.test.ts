import { type OtherSessions, takeConnections } from '../../server/test/support/postgres-sessions.ts'
import { callsOf } from '../support/faults/calls.ts'
import { type Database, startDatabase } from '../support/faults/database.ts'
import { endure, reportOutage } from '../support/faults/outage.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

const MOST = 25

fault(
  'PostgreSQL out of connections',
  'others have every connection',
  { short: 1, long: 30, unit: 's', needs: 'postgres' },
  async ({ scale, report }) => {
    const database = await startDatabase([`max_connections=${MOST}`])
    const site = await prepareSite({ databaseUrl: database.url })
    const server = await site.serve()
    let others: readonly OtherSessions[] = []
    const figures = await endure(callsOf(server.url, site.admin), {
      begin: async () => {
        others = await takeAll(database)
      },
      end: () => Promise.all(others.map((sessions) => sessions.close())),
      lasts: scale * 1_000,
    })
    report('connections that others have', countAll(others), { atLeast: MOST, atMost: MOST })
    reportOutage(report, figures, 'recovery once they are free')
    report('brokers that ended', Number(!server.isAlive()), { atMost: 0 })
  },
)

/** Takes the connections that are free, and one after the other those of the broker. */
async function takeAll({ url }: Database): Promise<readonly OtherSessions[]> {
  const all = [await takeConnections(url)]
  // A connection that was ended is free only a moment later, and the broker wants it as well.
  while (countAll(all) < MOST) {
    await all[0]?.endOthers('tilepass')
    all.push(await takeConnections(url))
  }
  return all
}

function countAll(all: readonly OtherSessions[]): number {
  return all.reduce((sum, { count }) => sum + count, 0)
}
