// @ts-check
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromiumHint, findChromium } from './chromium.mjs'
import { findProgram } from './gateways.mjs'

/**
 * @typedef {object} Engine
 * @property {'chromium' | 'firefox' | 'webkit'} name
 * @property {string | undefined} program Path of the browser, if it and all that it needs are installed.
 * @property {string} hint How to install it.
 */

/** Firefox without a window has no WebGL, and MiniBrowser needs a window: Xvfb is their screen. */
const screen = findProgram('Xvfb')
const SCREEN_PACKAGES = 'xvfb libgl1-mesa-dri libegl1 libegl-mesa0 libglx-mesa0 libpci3'

/** @type {readonly Engine[]} The browser engines that the tests of `test/engines` run in. */
export const ENGINES = [
  { name: 'chromium', program: findChromium(), hint: chromiumHint },
  {
    name: 'firefox',
    program: screen && findProgram('firefox-esr'),
    hint: `Debian: apt-get install firefox-esr ${SCREEN_PACKAGES}`,
  },
  {
    name: 'webkit',
    program: screen && findMiniBrowser(),
    hint: `Debian: apt-get install libwebkit2gtk-4.1-0 ${SCREEN_PACKAGES}`,
  },
]

/** WebKitGTK's own browser, in the folder that Debian gives the machine's architecture. */
function findMiniBrowser() {
  if (process.platform !== 'linux') return
  return readdirSync('/usr/lib')
    .map((folder) => join('/usr/lib', folder, 'webkit2gtk-4.1/MiniBrowser'))
    .find((path) => existsSync(path))
}
