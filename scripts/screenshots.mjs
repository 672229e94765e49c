// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright'
import { build } from './build.mjs'
import { chromiumArgs, chromiumHint, findChromium } from './chromium.mjs'
import { root } from './setup.mjs'

const PORT = '8089'
const SIZE = { width: 1200, height: 764 }
const FOLDER = join(root, 'docs/images')

/** Takes the pictures of the README, of the example page with two maps. */
async function takePictures() {
  const executablePath = findChromium()
  if (!executablePath) throw new Error(`The pictures need a Chromium. ${chromiumHint}`)
  await build()
  const data = mkdtempSync(join(tmpdir(), 'tilepass-screenshots-'))
  const server = spawn(process.execPath, [join(root, 'examples/serve.mjs')], {
    env: { ...process.env, PORT, TILEPASS_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const browser = await chromium.launch({ executablePath, args: chromiumArgs })
  try {
    await once(createInterface(server.stdout), 'line')
    mkdirSync(FOLDER, { recursive: true })
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      const context = await browser.newContext({
        viewport: SIZE,
        colorScheme,
        reducedMotion: 'reduce',
      })
      const page = await context.newPage()
      await page.goto(`http://127.0.0.1:${PORT}/side-by-side/`)
      await takePicture(page, join(FOLDER, `demo-${colorScheme}.webp`))
      await context.close()
    }
  } finally {
    await browser.close()
    server.kill()
    await once(server, 'exit')
    rmSync(data, { recursive: true, force: true })
  }
}

/**
 * Lets the page replace a corrupt token and load the tiles of another place, and takes its picture.
 *
 * @param {import('playwright').Page} page
 * @param {string} path
 */
async function takePicture(page, path) {
  await page.getByRole('button', { name: 'Corrupt the token' }).click()
  await page.getByText('Corrupt token replaced').waitFor()
  await page.waitForLoadState('networkidle')
  // The maps fade the new tiles in.
  await page.waitForTimeout(2_000)
  await page.mouse.move(0, 0)
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 82 })
  writeFileSync(path, Buffer.from(data, 'base64'))
}

await takePictures()
