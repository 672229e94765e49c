// @ts-check
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = join(root, 'node_modules/.cache/tilepass/installed')

const MINIMUM_NODE = { major: 20, minor: 19 }

/** Fingerprint of the wanted installation: the lock file, and the platform of the native modules. */
function fingerprintInstallation() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex')
}

function assertNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const wanted = MINIMUM_NODE
  if (major > wanted.major || (major === wanted.major && minor >= wanted.minor)) return
  console.error(
    `Tilepass needs Node ${wanted.major}.${wanted.minor} or newer; this is Node ${process.versions.node}. Install a newer one from https://nodejs.org/.`,
  )
  process.exit(1)
}

/** Installs the dependencies if they are missing or outdated. Uses Node's built-in modules only. */
export function setUp() {
  assertNodeVersion()
  const wanted = fingerprintInstallation()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  // On standard error: standard output belongs to the command, which may print a token and nothing else.
  console.error('Installing dependencies (the first time takes about a minute) …')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error', '--progress', 'true'])
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, wanted)
}

/** @param {string} name @returns {string} Path of an installed command line tool. */
export const bin = (name) => join(root, 'node_modules/.bin', name)

/**
 * Runs a command in the root folder and shows its output. If the command fails, this process ends
 * with the same exit code.
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
  if (error) console.error(`Could not start ${command}: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}
