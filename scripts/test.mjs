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

/** Tests that cannot run here, and why. With CI set, that is an error. */
const leftOut = []
if (!findChromium()) leaveOut(`tests in a browser: Chromium was not found. ${chromiumHint}`)
for (const name of ['nginx', 'caddy'])
  if (!findProgram(name))
    leaveOut(`tests behind ${name}: it is not installed. On Debian: apt-get install ${name}`)
if (findProgram('nginx') && !installTileServer())
  leaveOut('tests of TileServer GL behind nginx: npm could not install it')

function leaveOut(reason) {
  if (process.env.CI) {
    console.error(`CI is set, so every test must run. Missing: ${reason}`)
    process.exit(1)
  }
  leftOut.push(reason)
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
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], {
  cwd: root,
  stdio: 'inherit',
})

for (const reason of leftOut) console.log(`Left out: ${reason}`)
if (!existsSync(report)) {
  console.error('vitest ended without a report.')
  console.log('0 passed, 1 failed')
  process.exit(status || 1)
}
const { numTotalTests, numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } =
  JSON.parse(readFileSync(report, 'utf8'))
if (numTotalTests === 0 && status === 0) console.log('No test depends on the changed files.')
// A file that cannot be loaded has no tests to count, but it has failed.
const failed = numFailedTests || (status === 0 ? 0 : Math.max(1, numFailedTestSuites))
const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''
console.log(`${numPassedTests} passed, ${failed} failed${skipped}`)
process.exit(status ?? 1)
