// @ts-check
import { existsSync } from 'node:fs'
import { chromium } from 'playwright'

const SYSTEM_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** What to do when no Chromium was found. */
export const chromiumHint =
  'Install one with your package manager (Debian: apt-get install chromium), run "npx playwright install chromium", or set CHROMIUM_PATH.'

/** Arguments for a headless Chromium with software WebGL and no background traffic. */
export const chromiumArgs = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * The Chromium that browser tests use: `CHROMIUM_PATH`, a system installation, or Playwright's.
 *
 * @returns {string | undefined} Path of the executable.
 */
export function findChromium() {
  const candidates = [process.env.CHROMIUM_PATH, ...SYSTEM_PATHS, chromium.executablePath()]
  return candidates.find((path) => path && existsSync(path))
}

/**
 * A Chromium that only works without a window, where one is installed: pages take a quarter less time in
 * it. Otherwise that of {@link findChromium}. `CHROMIUM_PATH` counts before both.
 *
 * @returns {string | undefined} Path of the executable.
 */
export function findHeadlessChromium() {
  const shell = '/usr/bin/chromium-headless-shell'
  return !process.env.CHROMIUM_PATH && existsSync(shell) ? shell : findChromium()
}
