import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { chromiumArgs } from '../../../scripts/chromium.mjs'
import type { Engine } from '../../../scripts/engines.mjs'
import { findProgram } from '../../../scripts/gateways.mjs'
import { createTeardown } from '../servers/teardown.ts'
import type { Minimise } from './control.ts'
import { minimiseWindows } from './screen-windows.ts'

/** A browser that shows one page. */
export interface OpenEngine {
  /** What it wrote to standard error. */
  readonly stderr: () => string
  /** Undefined for a browser without a window. */
  readonly minimise: Minimise | undefined
  close(): Promise<void>
}

/** Preferences of Firefox, by name. */
export type Preferences = Readonly<Record<string, boolean | number | string>>

/** WebGL in software, and no first page or request of Firefox's own. */
const FIREFOX_PREFERENCES: Preferences = {
  'webgl.force-enabled': true,
  'gfx.x11-egl.force-enabled': true,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionPolicyBypassNotification': true,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
}

/** Arguments that open a URL with a profile of its own in a folder. */
const toArguments: Record<
  Engine['name'],
  (url: string, profile: string, preferences: Preferences) => string[]
> = {
  chromium: (url, profile) => [
    ...[...chromiumArgs, '--headless', '--disable-popup-blocking'],
    ...[`--user-data-dir=${profile}`, url],
  ],
  firefox: (url, profile, preferences) => {
    const lines = Object.entries({ ...FIREFOX_PREFERENCES, ...preferences }).map(
      (pair) => `user_pref(${pair.map((part) => JSON.stringify(part)).join(', ')});\n`,
    )
    writeFileSync(join(profile, 'user.js'), lines.join(''))
    return ['--no-remote', '--profile', profile, url]
  },
  // MiniBrowser keeps its profile in the folders of XDG.
  webkit: (url) => [url],
}

/**
 * Opens a URL in a browser that nothing drives: the page itself does what a test wants to see. Each
 * browser starts with an empty profile.
 *
 * @param preferences For Firefox only.
 */
export async function openEngine(
  { name, program }: Engine,
  url: string,
  preferences: Preferences = {},
): Promise<OpenEngine> {
  if (program === undefined) throw new Error(`${name} is not installed`)
  const teardown = createTeardown()
  const profile = mkdtempSync(join(tmpdir(), `tilepass-${name}-`))
  teardown.add(() => rmSync(profile, { recursive: true, force: true, maxRetries: 10 }))
  const screen = name === 'chromium' ? undefined : await startScreen(teardown.add)
  let stderr = ''
  const browser = spawn(program, toArguments[name](url, profile, preferences), {
    // Its processes are a group of their own, so that all of them can be ended.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      ...(screen ? { DISPLAY: screen } : {}),
      HOME: profile,
      XDG_CACHE_HOME: profile,
      XDG_CONFIG_HOME: profile,
      XDG_DATA_HOME: profile,
      XDG_RUNTIME_DIR: profile,
      LIBGL_ALWAYS_SOFTWARE: '1',
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
    },
  })
  browser.stderr.on('data', (data) => {
    stderr += data
  })
  teardown.add(() => end(browser, -1))
  return {
    stderr: () => stderr,
    minimise: screen ? () => minimiseWindows(screen) : undefined,
    close: () => teardown.run(),
  }
}

/** Starts a screen without a monitor. @returns The `DISPLAY` of programs that shall be seen there. */
async function startScreen(add: (stop: () => unknown) => void): Promise<string> {
  const args = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp']
  const screen = spawn(findProgram('Xvfb') ?? 'Xvfb', args, {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  add(() => end(screen, 1))
  const [number] = await once(screen.stdio[3] as Readable, 'data')
  return `:${String(number).trim()}`
}

/** @param sign -1 for a process that leads a group: the whole group ends. */
async function end(child: ChildProcess, sign: 1 | -1): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  process.kill(sign * child.pid, 'SIGKILL')
  await ended
}
