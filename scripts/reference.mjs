// @ts-check
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

// The tests that compare the references and the tables of docs/scaling.md with the code write them if
// they are asked to update.
setUp()
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const tests = ['test/readme/reference.test.ts', 'test/readme/scaling.test.ts']
const args = [vitest, 'run', '--project', 'node', ...tests, '--update']
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)
