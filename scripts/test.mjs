import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { root } from './setup.mjs'

await build()
const { findProgram, installTileServer } = await import('./gateways.mjs')
const { chromiumHint, findChromium } = await import('./chromium.mjs')

const insist = Boolean(process.env.CI)
const left = []
if (!findChromium()) {
  left.push(`tests in a browser: no Chromium was found. ${chromiumHint}`)
  if (insist) {
    console.error(`No Chromium, and CI is set. ${chromiumHint}`)
    process.exit(1)
  }
}

if (findProgram('nginx') && !installTileServer()) {
  left.push('tests of TileServer GL behind nginx: it could not be installed')
  if (insist) process.exit(1)
}
for (const name of ['nginx', 'caddy']) {
  if (findProgram(name)) continue
  left.push(`tests behind ${name}: it is not installed. On Debian: apt-get install ${name}`)
  if (insist) {
    console.error(`No ${name}, and CI is set.`)
    process.exit(1)
  }
}

const reports = join(root, 'node_modules/.cache/tilepass')
mkdirSync(reports, { recursive: true })
const report = join(reports, 'tests.json')
rmSync(report, { force: true })
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
)

for (const reason of left) console.log(`Left out: ${reason}`)
if (!existsSync(report)) {
  console.error('The test runner ended without a report.')
  console.log('0 passed, 1 failed')
  process.exit(status || 1)
}
const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
  readFileSync(report, 'utf8'),
)
// A file that could not even be loaded has no tests to count, and has failed all the same.
const failed = numFailedTests || (status === 0 ? 0 : Math.max(1, numFailedTestSuites))
const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''
console.log(`${numPassedTests} passed, ${failed} failed${skipped}`)
process.exit(status ?? 1)
