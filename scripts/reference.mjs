// @ts-check
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

// The test that compares the references with the code writes them if it is asked to update.
setUp()
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const test = 'test/readme/reference.test.ts'
const args = [vitest, 'run', '--project', 'node', test, '--update']
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)
