// @ts-check
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { root } from './setup.mjs'

const args = process.argv.slice(2)
checkChangedSince()
await build()
const { findProgram, installTileServer } = await import('./gateways.mjs')
const { chromiumHint, findChromium } = await import('./chromium.mjs')
const { ENGINES } = await import('./engines.mjs')
const { EDGE_RUNTIMES } = await import('./edge-runtimes.mjs')
const { findPostgres } = await import('./postgres.mjs')

/** @type {string[]} Tests that cannot run on this machine, and how to change that. */
const omissions = []
if (!findChromium()) omissions.push(`browser tests, because no Chromium was found. ${chromiumHint}`)
for (const { name, program, hint } of ENGINES)
  if (name !== 'chromium' && !program)
    omissions.push(`tests in ${name}, because it or its screen (Xvfb) is not installed. ${hint}`)
for (const { name, program } of EDGE_RUNTIMES)
  if (!program)
    omissions.push(
      `tests of the guard in ${name}, because npm has no program of it for this machine (${process.platform} ${process.arch}).`,
    )
if (!findPostgres())
  omissions.push(
    'tests of the broker on PostgreSQL, because it is not installed where Debian has it. Install it with your package manager (Debian: apt-get install postgresql).',
  )
const debianPackages = {
  nginx: 'nginx',
  caddy: 'caddy',
  mapcache: 'mapcache-cgi',
  promtool: 'prometheus',
  strace: 'strace',
  'systemd-analyze': 'systemd',
}
for (const [name, debianPackage] of Object.entries(debianPackages)) {
  if (findProgram(name)) continue
  omissions.push(
    `tests with ${name}, because it is not installed. Install it with your package manager (Debian: apt-get install ${debianPackage}).`,
  )
}
if (findProgram('nginx') && !installTileServer()) {
  omissions.push(
    'tests of TileServer GL behind nginx, because its installation failed (see above). Run "npm test" again when the npm registry is reachable.',
  )
}
if (process.env.CI && omissions.length > 0) {
  console.error('CI is set, so no test may be left out. Without CI, these would be:')
  for (const omission of omissions) console.error(`  ${omission}`)
  process.exit(1)
}

/** vitest would run no test, and succeed, for a commit that does not exist. */
function checkChangedSince() {
  const [option = '', next = ''] = args.slice(args.findIndex((arg) => /^--changed(=|$)/.test(arg)))
  if (!option.startsWith('--changed')) return
  const since = option.split('=')[1] ?? (next.startsWith('-') ? '' : next)
  if (since === '') return
  const commit = `${since}^{commit}`
  const git = spawnSync('git', ['rev-parse', '--verify', '--quiet', commit], { cwd: root })
  if (git.status === 0) return
  console.error(`--changed expects a commit or a branch; git does not know "${since}".`)
  process.exit(1)
}

const reports = join(root, 'node_modules/.cache/tilepass')
mkdirSync(reports, { recursive: true })
const report = join(reports, 'tests.json')
rmSync(report, { force: true })
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const slowest = join(root, 'scripts/slowest-files.mjs')
const reporters = ['default', 'json', slowest].map((reporter) => `--reporter=${reporter}`)
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', ...reporters, `--outputFile.json=${report}`, ...args],
  { cwd: root, stdio: 'inherit' },
)

for (const omission of omissions) console.log(`Left out: ${omission}`)
if (!existsSync(report)) {
  console.error('vitest ended without a report; its output above says why.')
  console.log('0 passed, 1 failed')
  process.exit(status || 1)
}
const { numTotalTests, numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } =
  JSON.parse(readFileSync(report, 'utf8'))
if (numTotalTests === 0 && status === 0) console.log('No test depends on the changed files.')
// A file that fails to load contains no tests to count, but is a failure.
const failed = numFailedTests || (status === 0 ? 0 : Math.max(1, numFailedTestSuites))
const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''
console.log(`${numPassedTests} passed, ${failed} failed${skipped}`)
process.exit(status ?? 1)
