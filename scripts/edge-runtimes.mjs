// @ts-check
import { existsSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { root } from './setup.mjs'

/**
 * @typedef {object} EdgeRuntime
 * @property {'workerd' | 'deno' | 'bun'} name
 * @property {string | undefined} program Path of its program, if npm has installed one for this platform.
 */

/** npm packages that hold the programs, by platform and architecture as Node names them. */
const WORKERD = { 'linux x64': 'linux-64', 'darwin x64': 'darwin-64', 'win32 x64': 'windows-64' }
const LIBC = platform() === 'linux' ? '-glibc' : ''
const name = `${platform()} ${arch()}`
const workerd = new Map(Object.entries(WORKERD)).get(name) ?? name.replace(' ', '-')
const bun = name.replace(' ', '-').replace('arm64', 'aarch64').replace('win32', 'windows')

/** @type {readonly EdgeRuntime[]} The runtimes that the tests of `test/edge` run in. */
export const EDGE_RUNTIMES = [
  { name: 'workerd', program: find([`@cloudflare/workerd-${workerd}/bin/workerd`]) },
  { name: 'deno', program: find([`@deno/${name.replace(' ', '-')}${LIBC}/deno`]) },
  // An install script, where one may run, moves the program.
  { name: 'bun', program: find([`@oven/bun-${bun}/bin/bun`, 'bun/bin/bun.exe']) },
]

/** @param {readonly string[]} paths */
function find(paths) {
  const suffix = platform() === 'win32' ? '.exe' : ''
  return paths
    .flatMap((path) => [path, path + suffix].map((each) => join(root, 'node_modules', each)))
    .find((path) => existsSync(path))
}
