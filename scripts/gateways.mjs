// @ts-check
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from './setup.mjs'

const folder = join(root, 'examples/gateways')
const tileServer = join(folder, 'node_modules/tileserver-gl-light/src/main.js')

// Debian installs nginx into /usr/sbin, which only root has in PATH, and MapCache among the CGI programs.
const installFolders = ['/usr/sbin', '/usr/bin', '/usr/lib/cgi-bin']
const programFolders = [...(process.env.PATH ?? '').split(delimiter), ...installFolders]

/** @param {string} name @returns {string | undefined} Path of an installed program. */
export function findProgram(name) {
  return programFolders.map((path) => join(path, name)).find((path) => existsSync(path))
}

/** @returns {string | undefined} Entry file of TileServer GL, if it is installed. */
export function findTileServer() {
  return existsSync(tileServer) ? tileServer : undefined
}

/**
 * Installs TileServer GL, which only the gateway tests need. Its install scripts stay off, because
 * they compile SQLite for minutes.
 *
 * @returns {boolean} Whether it is installed now.
 */
export function installTileServer() {
  if (findTileServer()) return true
  console.error('Installing TileServer GL for the gateway tests …')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  const shell = process.platform === 'win32'
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['inherit', 2, 2], shell })
  return status === 0
}
