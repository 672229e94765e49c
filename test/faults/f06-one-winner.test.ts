import { callsOf, requireBody } from '../support/faults/calls.ts'
import { startDatabase } from '../support/faults/database.ts'
import { type FaultContext, fault } from '../support/faults/row.ts'
import { PASSWORD, prepareSite } from '../support/faults/site.ts'

const AT_ONCE = 100

async function race(databaseUrl: string | undefined, { scale, report }: FaultContext) {
  const site = await prepareSite({ databaseUrl })
  const servers = [await site.serve(), await site.serve()]
  const replicas = servers.map(({ url }) => callsOf(url, site.admin))
  const [first] = replicas
  if (!first) throw new TypeError('there is no replica')
  const totals = { others: 0, odd: 0, broken: 0 }
  for (let round = 0; round < scale; round++) {
    const { refresh_token: spent } = await requireBody(first.signIn(PASSWORD))
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => (replicas[index % 2] ?? first).refresh(spent)),
    )
    const winners = answers.filter(({ status }) => status === 200)
    if (winners.length !== 1) totals.others += 1
    totals.odd += answers.filter(({ status }) => status !== 200 && status !== 401).length
    const next = await first.refresh(winners[0]?.body?.refresh_token ?? '')
    if (next.status !== 200) totals.broken += 1
  }
  report('rounds with another number of winners than one', totals.others, { atMost: 0 })
  report('answers other than 200 and 401', totals.odd, { atMost: 0 })
  report('winners whose family does not go on', totals.broken, { atMost: 0 })
}

const scale = { short: 1, long: 20, unit: `rounds of ${AT_ONCE} requests` }
const title = 'two replicas get one refresh token'

fault('F6', `SQLite: ${title}`, scale, (context) => race(undefined, context))

fault('F6', `PostgreSQL: ${title}`, { ...scale, needs: 'postgres' }, async (context) =>
  race((await startDatabase()).url, context),
)
