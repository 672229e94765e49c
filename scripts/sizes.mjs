import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { root } from './setup.mjs'

/** Budgets in bytes, minified and gzipped, of the single files that hold core and a plugin. */
const BUDGETS = {
  'packages/maplibre/dist/tilepass-maplibre.mjs': 6500,
  'packages/leaflet/dist/tilepass-leaflet.iife.js': 6200,
}

/** Prints each size and ends the process when one is over its budget. */
export function checkSizes() {
  let over = false
  for (const [file, budget] of Object.entries(BUDGETS)) {
    const text = readFileSync(join(root, file), 'utf8').replace(
      /\n\/\/# sourceMappingURL=.*\s*$/,
      '',
    )
    const size = gzipSync(text, { level: 9 }).length
    console.log(`  ${file}: ${size} of ${budget} bytes`)
    over ||= size > budget
  }
  if (over) {
    console.error('A bundle is over its size budget.')
    process.exit(1)
  }
}
