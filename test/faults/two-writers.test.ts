import { call } from '../support/faults/calls.ts'
import { startDatabase } from '../support/faults/database.ts'
import { type FaultContext, fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

const RESOURCES = ['mapbox://styles/a']
const SCOPES = 'tokens:read tokens:write styles:tiles'

interface Token {
  readonly id: string
  readonly note?: string
  readonly resources?: readonly string[]
}

/** Changes a note at one process and a restriction at another, at the same time. */
async function change(databaseUrl: string | undefined, { scale, report }: FaultContext) {
  const site = await prepareSite({ databaseUrl })
  const created = ['token', 'create', '--account', 'city', '--format', 'mapbox', '--scope', SCOPES]
  const sk = await site.cli(created)
  const [first, second] = [await site.serve(), await site.serve()]
  let failed = 0
  const ask = async ({ url }: typeof first, method: string, path: string, body: object) => {
    const answer = await call<Token>(`${url}/tokens/v2/city${path}?access_token=${sk}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (answer.status !== 200) failed += 1
    return answer.body
  }
  let lost = 0
  for (let round = 0; round < scale; round++) {
    const made = await ask(first, 'POST', '', { scopes: ['styles:tiles'] })
    const path = `/${made?.id}`
    await Promise.all([
      ask(first, 'PATCH', path, { resources: RESOURCES }),
      ask(second, 'PATCH', path, { note: 'x' }),
    ])
    const token = await ask(first, 'PATCH', path, {})
    if (token?.note !== 'x' || token.resources?.[0] !== RESOURCES[0]) lost += 1
  }
  report('changes that were lost', lost, { atMost: 0 })
  report('requests that failed', failed, { atMost: 0 })
}

const scale = { short: 8, long: 300, unit: 'rounds' }
const title = 'two processes change one row at the same time'

fault('X15', `SQLite: ${title}`, scale, (context) => change(undefined, context))

fault('X15', `PostgreSQL: ${title}`, { ...scale, needs: 'postgres' }, async (context) =>
  change((await startDatabase()).url, context),
)
