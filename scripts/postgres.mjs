// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const installFolder = '/usr/lib/postgresql'

/** @returns {string | undefined} Folder of the programs of the newest PostgreSQL that is installed (Debian). */
export function findPostgres() {
  const versions = existsSync(installFolder) ? readdirSync(installFolder) : []
  return versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(installFolder, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')))
}

/** Supports that open a store, or start something that does. */
const OPENS_STORE = /\/(?:store|broker|relay)-under-test\.ts'|\/support\/brokers\//
/** What needs a page. */
const NOT_AGAIN = ['.dom.test.', '.browser.test.', '.page.test.', '.engine.test.']

/** @returns {string[]} Test files that open a store, relative to the root. */
export function listStoreTests() {
  const folders = ['server/test', 'test']
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
      .filter((name) => !NOT_AGAIN.some((kind) => name.includes(kind)))
      .map((name) => `${folder}/${name}`)
      .filter(
        (path) =>
          path.endsWith('.postgres.test.ts') ||
          OPENS_STORE.test(readFileSync(join(root, path), 'utf8')),
      ),
  )
}
