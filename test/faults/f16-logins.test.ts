import { callsOf, createToken } from '../support/faults/calls.ts'
import { findPercentile, keepAsking } from '../support/faults/load.ts'
import { fault } from '../support/faults/row.ts'
import { PASSWORD, prepareSite } from '../support/faults/site.ts'

/** Sign-ins at the same time. An address may have 256 connections, so they come through a proxy. */
const AT_ONCE = 500

fault(
  'F16',
  `${AT_ONCE} sign-ins at the same time`,
  { short: 1, long: 5, unit: 'rounds' },
  async ({ scale, report, reportLong }) => {
    const site = await prepareSite({ config: { trustProxy: ['loopback'] } })
    const { url } = await site.serve()
    const calls = callsOf(url, site.admin)
    const { token } = await createToken(calls)
    const times: number[] = []
    const totals = { odd: 0, failed: 0, signedIn: 0 }
    const load = keepAsking(2, async () => {
      const { status, took } = await calls.exchange(token)
      times.push(took)
      if (status !== 200) totals.failed += 1
    })
    for (let round = 0; round < scale; round++) {
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, () => calls.signIn(PASSWORD)),
      )
      totals.signedIn += answers.filter(({ status }) => status === 200).length
      totals.odd += answers.filter((answer) => !isExpected(answer)).length
    }
    await load.stop()
    // Two hashes at a time, and 24 that wait: so many are done whatever the machine.
    report('sign-ins that were served', totals.signedIn, { atLeast: 26 * scale })
    report('answers other than 200 and the documented 429 and 503', totals.odd, { atMost: 0 })
    report('exchanges that failed meanwhile', totals.failed, { atMost: 0 })
    reportLong('99 % of the exchanges within', findPercentile(times, 0.99), {
      atMost: 1_000,
      unit: 'ms',
    })
  },
)

function isExpected({ status, text }: { status: number; text: string }): boolean {
  if (status === 200) return true
  const body: unknown = text.startsWith('{') ? JSON.parse(text) : undefined
  return (status === 429 || status === 503) && Object.hasOwn(Object(body), 'error')
}
