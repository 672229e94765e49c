/// <reference types="vite/client" />
import { exec, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { npmOptions } from '../../../scripts/npm.mjs'
import { packTarballs, toInstallCommand } from '../../../scripts/tarballs.mjs'
import { root } from '../repository.ts'
import { findFreePort } from './free-port.ts'
import type { Teardown } from './teardown.ts'

/**
 * Copies the quickstart out of the repository, and installs the packages there from tarballs, as the
 * README says. What others publish comes from npm's cache or the registry.
 *
 * @returns The folder; undefined if the registry cannot be reached and `CI` is not set.
 */
export async function installQuickstart(teardown: Teardown): Promise<string | undefined> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tilepass-quickstart-')))
  teardown.add(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['package.json', 'server.js', 'index.html'])
    copyFileSync(join(root, 'examples/quickstart', name), join(folder, name))
  const install = toInstallCommand(packTarballs(join(folder, 'tarballs')))
  const flags = '--prefer-offline --no-audit --no-fund --loglevel=error'
  try {
    await promisify(exec)(`${install} ${flags}`, { ...npmOptions(folder), shell: undefined })
    return folder
  } catch (error) {
    const isOffline = /EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(String(error))
    if (isOffline && !process.env.CI) return
    throw error
  }
}

/** Starts the installed quickstart on a free port. @returns its URL. */
export async function startQuickstart(teardown: Teardown, folder: string): Promise<string> {
  const port = await findFreePort()
  const server = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  teardown.add(async () => {
    server.kill()
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  })
  const [line] = await once(createInterface(server.stdout), 'line')
  return /http:\S+/.exec(line)?.[0] ?? ''
}

/** Never called. It tells `vitest --changed` what the tarballs and the quickstart are made of. */
export const sources = () =>
  import.meta.glob([
    '../../../{packages/*,server}/{src/**/*.ts,package.json,README.md}',
    '../../../examples/quickstart/*',
  ])
