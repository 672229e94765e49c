import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from './setup.mjs'

const folder = join(root, 'examples/gateways')
const tileServer = join(folder, 'node_modules/tileserver-gl-light/src/main.js')

// Debian's nginx is where only root's PATH looks.
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin']

/** Path of an installed program, or `undefined`. */
export function findProgram(name) {
  return folders.map((path) => join(path, name)).find((path) => existsSync(path))
}

/** Entry file of TileServer GL, or `undefined` where it is not installed. */
export function findTileServer() {
  return existsSync(tileServer) ? tileServer : undefined
}

/**
 * Installs TileServer GL, which only the gateway tests need. Without its scripts: they would compile
 * SQLite for minutes.
 *
 * @returns {boolean} Whether it is there now.
 */
export function installTileServer() {
  if (findTileServer()) return true
  console.error('Installing TileServer GL for the gateway tests …')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  const shell = process.platform === 'win32'
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['inherit', 2, 2], shell })
  return status === 0
}
