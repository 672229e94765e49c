import { callsOf, createToken, requireBody } from '../support/faults/calls.ts'
import { startDatabase } from '../support/faults/database.ts'
import { type FaultContext, fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

/** Asked of another process: when did it last accept what had been revoked? */
async function revokeAndUse(
  databaseUrl: string | undefined,
  limit: number,
  { scale, report }: FaultContext,
) {
  const site = await prepareSite({ databaseUrl })
  const [a, b] = [await site.serve(), await site.serve()].map(({ url }) => callsOf(url, site.admin))
  if (!a || !b) throw new TypeError('there is no replica')
  let atOnce = 0
  let latest = 0
  for (let round = 0; round < scale; round++) {
    const { id, token } = await createToken(a)
    const { access_token: access } = await requireBody(b.exchange(token))
    for (const each of [token, access])
      if ((await b.readTile(each)).status !== 200) throw new Error('a valid token is refused')
    if ((await a.revoke(id)).status !== 204) throw new Error('not revoked')
    const revokedAt = performance.now()
    for (const each of [token, access]) {
      if ((await a.readTile(each)).status !== 401) atOnce += 1
      for (;;) {
        const { status, askedAt } = await b.readTile(each)
        if (status === 401) break
        if (status !== 200) throw new Error(`the answer is ${status}`)
        latest = Math.max(latest, askedAt - revokedAt)
      }
    }
  }
  report('accepted where they were revoked', atOnce, { atMost: 0 })
  report('last request that another process accepted, after the revocation', latest, {
    atMost: limit,
    unit: 'ms',
  })
}

const scale = { short: 3, long: 100, unit: 'revocations' }
const title = 'revoked at one process, used at another'

fault('F7', `SQLite: ${title}`, scale, (context) => revokeAndUse(undefined, 1_000, context))

fault('F7', `PostgreSQL: ${title}`, { ...scale, needs: 'postgres' }, async (context) =>
  revokeAndUse((await startDatabase()).url, 2_000, context),
)
