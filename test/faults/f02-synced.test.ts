import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { makeDataFolder } from '../../server/test/support/broker-under-test.ts'
import { callsOf, createToken, requireBody } from '../support/faults/calls.ts'
import { startDatabase } from '../support/faults/database.ts'
import { fault, say } from '../support/faults/row.ts'
import { PASSWORD, prepareSite, type Site } from '../support/faults/site.ts'

const PROBE = 'const f = require("fs"); f.fdatasyncSync(f.openSync(process.argv[1], "w"))'

/** Is strace installed, and may it watch a process here? */
function canTrace(): boolean {
  const file = join(makeDataFolder(), 'probe')
  const args = ['-f', '-e', 'trace=fdatasync', process.execPath, '-e', PROBE, file]
  return spawnSync('strace', args, { encoding: 'utf8' }).stderr?.includes('fdatasync(') ?? false
}

/** Prepares changes that are made one after the other, so that no two can share a sync. */
async function prepareChanges(url: string, { admin }: Site, count: number) {
  const calls = callsOf(url, admin)
  const ids: string[] = []
  while (ids.length < count) ids.push((await createToken(calls)).id)
  let { refresh_token: refresh } = await requireBody(calls.signIn(PASSWORD))
  return {
    acknowledged: 2 * count,
    /** Revokes every token, and rotates a refresh token as often. */
    run: async () => {
      for (const id of ids) {
        expect((await calls.revoke(id)).status).toBe(204)
        refresh = (await requireBody(calls.refresh(refresh))).refresh_token
      }
    },
  }
}

fault(
  'F2',
  'SQLite: syncs to disk of revocations and rotations, by strace',
  { short: 10, long: 200, unit: 'of each' },
  async ({ scale, report }) => {
    if (!canTrace()) {
      if (process.env.CI) throw new Error('CI is set, so syncs must be counted')
      say('F2: strace is missing or may not trace, so that syncs are not counted')
      return
    }
    const site = await prepareSite()
    const file = join(makeDataFolder(), 'strace')
    const under = ['strace', '-f', '-e', 'trace=fdatasync,fsync', '-o', file]
    const server = await site.serve({ under })
    const countSyncs = () => readFileSync(file, 'utf8').match(/\bf(?:data)?sync\(/g)?.length ?? 0
    const { acknowledged, run } = await prepareChanges(server.url, site, scale)
    const before = countSyncs()
    await run()
    report('syncs per acknowledged change', (countSyncs() - before) / acknowledged, { atLeast: 1 })
  },
)

fault(
  'F2',
  'PostgreSQL: syncs of its log, by its own counter',
  { short: 10, long: 200, unit: 'of each', needs: 'postgres' },
  async ({ scale, report }) => {
    const { url, count } = await startDatabase(['fsync=on'])
    const site = await prepareSite({ databaseUrl: url })
    const server = await site.serve()
    const countSyncs = () => count('select wal_sync as count from pg_stat_wal')
    const { acknowledged, run } = await prepareChanges(server.url, site, scale)
    const before = await countSyncs()
    await run()
    // Counters are published when a session pauses.
    await expect.poll(countSyncs, { timeout: 15_000 }).toBeGreaterThanOrEqual(before + acknowledged)
    report('syncs per acknowledged change', ((await countSyncs()) - before) / acknowledged, {
      atLeast: 1,
    })
  },
)
