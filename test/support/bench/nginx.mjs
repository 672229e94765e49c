// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findProgram } from '../../../scripts/gateways.mjs'
import { findFreePort } from './free-port.mjs'
import { pin, readCpuOfAll, SERVER_CORE } from './processes.mjs'

const RECIPE = new URL('../../../examples/gateways/nginx/nginx.conf', import.meta.url)

/**
 * Starts nginx with the configuration of the recipe.
 *
 * @param {object} addresses
 * @param {string} addresses.broker `host:port`.
 * @param {string} addresses.tileserver `host:port`.
 * @param {(text: string) => string} [change] Of the configuration.
 * @returns `undefined` if nginx is not installed.
 */
export async function startNginx({ broker, tileserver }, change = (text) => text) {
  const program = findProgram('nginx')
  if (program === undefined) return
  const port = await findFreePort()
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'temp'))
  const text = readFileSync(RECIPE, 'utf8')
    .replaceAll('127.0.0.1:8080', broker)
    .replaceAll('127.0.0.1:8090', tileserver)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
  writeFileSync(join(folder, 'nginx.conf'), change(text))
  const [file = '', ...args] = pin(SERVER_CORE, [program, '-p', folder, '-c', 'nginx.conf'])
  const child = spawn(file, args, { stdio: 'ignore' })
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`)
    await wait(20)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    /** CPU time of all its processes, in µs. */
    readCpu: () => readCpuOfAll(child.pid),
    close: async () => {
      child.kill()
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** @typedef {NonNullable<Awaited<ReturnType<typeof startNginx>>>} RunningNginx */

/** @param {number} port @returns {Promise<boolean>} */
function isOpen(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(Boolean(socket.destroy())))
    socket.on('error', () => resolve(false))
  })
}
