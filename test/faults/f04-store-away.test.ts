import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openSqlite } from '../../server/src/store/sqlite.ts'
import { callsOf, createToken } from '../support/faults/calls.ts'
import { timeUntil } from '../support/faults/load.ts'
import { fault, say } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

/** Requests at the same time while the store is locked: each one could wait for the lock. */
const AT_ONCE = 5

fault(
  'F4',
  'SQLite: another process holds the lock',
  { short: 1, long: 20, unit: 'locks' },
  async ({ scale, report }) => {
    const site = await prepareSite()
    const server = await site.serve()
    const calls = callsOf(server.url, site.admin)
    const { token } = await createToken(calls)
    const totals = { others: 0, failedReads: 0, slowest: 0, recovery: 0 }
    for (let lock = 0; lock < scale; lock++) {
      const other = await openSqlite(join(site.data, 'tilepass.db'), 5_000)
      other.prepare('begin').run([])
      const answers = await Promise.all(Array.from({ length: AT_ONCE }, calls.createToken))
      totals.others += answers.filter(({ status }) => status !== 503).length
      totals.slowest = Math.max(totals.slowest, ...answers.map(({ took }) => took))
      const reads = [await calls.exchange(token), await calls.readTile(token)]
      totals.failedReads += reads.filter(({ status }) => status !== 200).length
      other.prepare('rollback').run([])
      other.close()
      const recovery = await timeUntil(async () => (await calls.createToken()).status === 201)
      totals.recovery = Math.max(totals.recovery, recovery)
    }
    report('changes answered by anything but 503', totals.others, { atMost: 0 })
    report('longest answer', totals.slowest, { atMost: 2_000, unit: 'ms' })
    report('exchanges and tiles refused meanwhile', totals.failedReads, { atMost: 0 })
    report('recovery', totals.recovery, { atMost: 5_000, unit: 'ms' })
  },
)

fault(
  'F4',
  'SQLite: the data folder is read-only at a start',
  { short: 1, long: 5, unit: 'starts' },
  async ({ scale, report }) => {
    const site = await prepareSite()
    const first = await site.serve()
    await first.end('SIGTERM')
    let traces = 0
    let started = 0
    for (let start = 0; start < scale; start++) {
      const isReadOnly = makeReadOnly(site.data)
      if (!isReadOnly) {
        say('F4: nothing can be made read-only for this user')
        return
      }
      const failure = await site.serve().catch((error: unknown) => String(error))
      if (typeof failure !== 'string') started += 1
      else if (/\n\s+at /.test(failure) || !failure.includes('ended with')) traces += 1
      isReadOnly.undo()
    }
    const { url } = await site.serve()
    const { status } = await callsOf(url, site.admin).createToken()
    report('starts on it', started, { atMost: 0 })
    report('ends with a stack trace instead of a message', traces, { atMost: 0 })
    report('changes afterwards', Number(status === 201), { atLeast: 1 })
  },
)

fault(
  'F4',
  'the broker is restarted on its port',
  { short: 1, long: 20, unit: 'restarts' },
  async ({ scale, report, reportLong }) => {
    const site = await prepareSite()
    let server = await site.serve()
    const { port } = new URL(server.url)
    const { token } = await createToken(callsOf(server.url, site.admin))
    let recovery = 0
    let slowest = 0
    for (let restart = 0; restart < scale; restart++) {
      await server.end('SIGKILL')
      const killedAt = performance.now()
      server = await site.serve({ port })
      const listensAt = performance.now()
      const calls = callsOf(server.url, site.admin)
      await timeUntil(async () => (await calls.exchange(token)).status === 200)
      await timeUntil(async () => (await calls.createToken()).status === 201)
      recovery = Math.max(recovery, performance.now() - listensAt)
      slowest = Math.max(slowest, performance.now() - killedAt)
    }
    report('recovery once it listens', recovery, { atMost: 5_000, unit: 'ms' })
    reportLong('recovery with the start itself', slowest, { atMost: 5_000, unit: 'ms' })
  },
)

/** Makes a folder read-only by a mount, as root; `undefined` elsewhere. */
function makeReadOnly(folder: string): { undo(): void } | undefined {
  const isBound = spawnSync('mount', ['--bind', folder, folder]).status === 0
  if (!isBound) return
  let isDone = false
  const undo = () => {
    if (!isDone) execFileSync('umount', ['--lazy', folder])
    isDone = true
  }
  onTestFinished(undo)
  execFileSync('mount', ['-o', 'remount,bind,ro', folder])
  return { undo }
}
