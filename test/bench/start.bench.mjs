// @ts-check
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from '../../scripts/build.mjs'
import { npm, npmOptions } from '../../scripts/npm.mjs'
import { root } from '../../scripts/setup.mjs'
import { measureInRounds, median, toRatio } from '../support/bench/compare.mjs'
import { findFreePort } from '../support/bench/free-port.mjs'
import { timeStart } from '../support/bench/starts.mjs'

// How long it takes until there is an answer: of the broker alone, and of `npm start`.

export const title = 'Start, memory and size'

const BIN = fileURLToPath(new URL('../../server/bin/tilepass.js', import.meta.url))
const EXPRESS = fileURLToPath(new URL('../support/bench/bare-express.mjs', import.meta.url))

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  try {
    // What `npm start` serves is built before it counts as started again.
    await build()
    return [
      ...(await measureStarts(folder, quick)),
      ...(quick ? [] : await measureFreshClone(folder)),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} folder @param {boolean} quick */
async function measureStarts(folder, quick) {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  /** In µs, as all subjects. @param {readonly string[]} args */
  const start =
    (args, path = '/healthz', cwd = folder) =>
    async () =>
      1000 *
      (await timeStart(
        () =>
          spawn(process.execPath, args, {
            cwd,
            stdio: 'ignore',
            env: { ...process.env, PORT: String(port), TILEPASS_DATA: join(folder, 'demo') },
          }),
        url + path,
      ))
  const serve = [BIN, 'serve', '--port', String(port), '--data', join(folder, 'data')]
  const get = await measureInRounds(
    {
      broker: start(serve),
      npmStart: start([join(root, 'scripts/start.mjs')], '/', root),
      express: start([EXPRESS, String(port)]),
    },
    { rounds: quick ? 1 : 9, count: 1 },
  )
  const show = (/** @type {string} */ name) => `(${(median(get(name)) / 1000).toFixed(0)} ms)`
  const against = `the same of a bare Express server ${show('express')}`
  return [
    {
      name: `broker: start to first answer ${show('broker')}`,
      against,
      ...toRatio(get('broker'), get('express')),
      limit: 3,
    },
    {
      name: `npm start, again: start to first answer ${show('npmStart')}`,
      against,
      ...toRatio(get('npmStart'), get('express')),
      limit: 8,
    },
  ]
}

/** `npm start` in a clone of the last commit. The first installation fills the cache of npm. @param {string} folder */
async function measureFreshClone(folder) {
  // A copy without its history, such as a downloaded archive, cannot be cloned.
  if (!existsSync(join(root, '.git'))) return []
  const clone = join(folder, 'clone')
  execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone])
  const install = () => {
    const startedAt = performance.now()
    npm(clone, ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'])
    rmSync(join(clone, 'node_modules'), { recursive: true })
    return (performance.now() - startedAt) / 1000
  }
  install()
  const installed = install()
  const port = await findFreePort()
  const { cwd, env } = npmOptions(clone)
  const start = () =>
    spawn(process.execPath, ['scripts/start.mjs'], {
      cwd,
      env: { ...env, PORT: String(port) },
      // Says why, if it ends.
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  const fresh = (await timeStart(start, `http://127.0.0.1:${port}/`)) / 1000
  return [
    {
      name: `npm start, fresh clone: start to first answer (${fresh.toFixed(0)} s)`,
      against: `npm ci there (${installed.toFixed(0)} s)`,
      ratio: fresh / installed,
      limit: 2,
    },
  ]
}
