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
/**
 * What does not run again: pages; tests of other servers, whose broker keeps nothing; tests of files of
 * SQLite; tests of the command line, the log or the documentation that are the same on every store; and
 * faults, which choose their stores.
 */
const NOT_AGAIN = [
  '.dom.test.',
  '.browser.test.',
  '.page.test.',
  '.engine.test.',
  'server/test/config/',
  'server/test/grants/relayed-tokens',
  'server/test/http/',
  'server/test/limits/',
  'server/test/observe/',
  'server/test/upstreams/',
  'server/test/broker/sealing.test',
  'server/test/cli/confirm',
  'server/test/cli/program',
  'server/test/cli/run',
  'server/test/cli/sealing-key-commands',
  'server/test/cli/store-commands',
  'server/test/cli/upstream-commands',
  'server/test/cli/wrong-usage',
  'server/test/store/plain-copies',
  'server/test/store/restore-sqlite',
  'server/test/store/sealing-processes',
  'server/test/store/settle-sealing',
  'server/test/store/upgrade',
  'server/test/surfaces/map-token/foreign-origins',
  'server/test/surfaces/preflights',
  'test/faults/',
  'test/integrations/',
  'test/operate/',
  'test/readme/',
]

/** @returns {string[]} Test files that open a store, relative to the root. */
export function listStoreTests() {
  const folders = ['server/test', 'test']
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
      .map((name) => `${folder}/${name}`)
      .filter((path) => !NOT_AGAIN.some((kind) => path.includes(kind)))
      .filter(
        (path) =>
          path.endsWith('.postgres.test.ts') ||
          OPENS_STORE.test(readFileSync(join(root, path), 'utf8')),
      ),
  )
}
