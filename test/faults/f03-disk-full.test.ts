import { callsOf, createToken, requireBody } from '../support/faults/calls.ts'
import { prepareDisk } from '../support/faults/full-disk.ts'
import { timeUntil } from '../support/faults/load.ts'
import { fault } from '../support/faults/row.ts'
import { PASSWORD, prepareSite } from '../support/faults/site.ts'

/** A store that does not grow any more refuses soon: what it has written before may be written again. */
const MOST_BEFORE_FULL = 5_000

fault(
  'F3',
  'SQLite: the disk is full',
  { short: 1, long: 20, unit: 'times' },
  async ({ scale, report }) => {
    const disk = await prepareDisk()
    const site = await prepareSite({ data: disk.folder })
    const server = await site.serve()
    const calls = callsOf(server.url, site.admin)
    const { token } = await createToken(calls)
    const valid: string[] = []
    const revoked: string[] = []
    const totals = { odd: 0, failedReads: 0, lost: 0, slowest: 0, recovery: 0 }

    for (let time = 0; time < scale; time++) {
      const doomed = await createToken(calls)
      await disk.fill(server)
      for (let count = 0; ; count++) {
        const answer = await calls.createToken()
        if (answer.status === 201 && answer.body) {
          valid.push(answer.body.token)
          if (count > MOST_BEFORE_FULL) throw new Error('the disk is not full')
          continue
        }
        if (!isDocumented(answer)) totals.odd += 1
        totals.slowest = Math.max(totals.slowest, answer.took)
        break
      }
      const writes = [await calls.revoke(doomed.id), await calls.signIn(PASSWORD)]
      for (const answer of writes) {
        totals.slowest = Math.max(totals.slowest, answer.took)
        if (answer.status === 204) revoked.push(doomed.token)
        else if (answer.status !== 200 && !isDocumented(answer)) totals.odd += 1
      }
      const reads = [await calls.exchange(token), await calls.readTile(token)]
      const { access_token: access } = await requireBody(calls.mapToken())
      reads.push(await calls.readTile(access))
      totals.failedReads += reads.filter(({ status }) => status !== 200).length

      await disk.free(server)
      const recovery = await timeUntil(async () => (await calls.createToken()).status === 201)
      totals.recovery = Math.max(totals.recovery, recovery)
    }
    await server.end('SIGKILL')
    const again = callsOf((await site.serve()).url, site.admin)
    const statusOf = async (each: string) => (await again.exchange(each)).status
    for (const each of valid) if ((await statusOf(each)) !== 200) totals.lost += 1
    for (const each of revoked) if ((await statusOf(each)) !== 401) totals.lost += 1

    report('refusals in another shape than the documented 503', totals.odd, { atMost: 0 })
    report('longest refusal', totals.slowest, { atMost: 2_000, unit: 'ms' })
    report('exchanges and tiles refused meanwhile', totals.failedReads, { atMost: 0 })
    report('acknowledged changes that were lost', totals.lost, { atMost: 0 })
    report('recovery once there is space', totals.recovery, { atMost: 5_000, unit: 'ms' })
  },
)

function isDocumented({ status, text }: { status: number; text: string }): boolean {
  const body: unknown = JSON.parse(text)
  return status === 503 && typeof body === 'object' && body !== null && 'error' in body
}
