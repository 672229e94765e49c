import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = join(root, 'node_modules/.cache/tilepass/installed')

const MINIMUM_NODE = [20, 19]

/** Fingerprint of what should be installed: the lock file, and the platform that native modules are for. */
function wanted() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex')
}

/** Installs the dependencies when they are missing or stale. Uses Node's built-ins only. */
export function setUp() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
    console.error(
      `Tilepass needs Node ${MINIMUM_NODE.join('.')} or newer; this is ${process.version}.`,
    )
    process.exit(1)
  }
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()) return
  // On standard error: a command that prints a token prints nothing else on standard output.
  console.error('Installing dependencies (the first time takes about a minute) …')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error', '--progress', 'true'])
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, wanted())
}

/**
 * Runs a command in the root folder with its output shown; ends this process when it fails.
 *
 * @param {string} command
 * @param {string[]} args
 */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['inherit', 2, 2],
    shell: process.platform === 'win32',
  })
  if (error) console.error(`${command} could not be started: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}
