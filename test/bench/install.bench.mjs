// @ts-check
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npm } from '../../scripts/npm.mjs'
import { packTarballs } from '../../scripts/tarballs.mjs'

// What the broker takes on the disk: packed, and installed into an empty folder with all that it needs.

export const title = 'Start, memory and size'

/** In MB. */
const BUDGET = 65

/** The disk space of the files in a folder, in MB. @param {string} folder @returns {number} */
function measureFolder(folder) {
  let size = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    size += entry.isDirectory() ? measureFolder(path) : lstatSync(path).size / 1e6
  }
  return size
}

/** @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows() {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  try {
    const tarballs = packTarballs(join(folder, 'tarballs')).filter((path) =>
      /tilepass-(?:broker|guard)-/.test(path),
    )
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    npm(folder, [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--loglevel',
      'error',
      ...tarballs,
    ])
    const size = measureFolder(join(folder, 'node_modules'))
    const sqlite = measureFolder(join(folder, 'node_modules/@photostructure/sqlite'))
    return [
      {
        name: `installed broker (${size.toFixed(0)} MB; ${(size - sqlite).toFixed(0)} MB without the SQLite for Node 20)`,
        against: `${BUDGET} MB`,
        ratio: size / BUDGET,
        limit: 1,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
