import { basename } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import type { StoreLocation } from '../../src/store/open.ts'

/** Does this run test the stores of replicas? It runs every test that opens a store once more. */
export const onPostgres = process.env.TILEPASS_TEST_STORE === 'postgres'

/** What a database is at first: without tables, with tables, or with a signing key as well. */
export type Template = 'empty' | 'plain' | 'keyed'

const templates = new Map<string, Template>()
const created = new Map<string, Promise<void>>()
const live: string[] = []
/** A database takes 7 MB, so those of earlier tests of a file are dropped. */
const MOST_LIVE = 12

/** Says what the database in the place of a folder is at first; `plain` by default. */
export function chooseTemplate(folder: string, template: Template): void {
  templates.set(folder, template)
}

/** The store that tests with this data folder have: the folder, or a database of the same name. */
export async function locateTestStore(data: string): Promise<StoreLocation> {
  const databaseUrl = await findDatabaseUrl(data)
  return { data, databaseUrl, poolSize: 10 }
}

/** URL of the database in the place of a folder, which is created by its first use; `undefined` on SQLite. */
export async function findDatabaseUrl(data: string): Promise<string | undefined> {
  if (!onPostgres || data === '') return
  const name = basename(data)
  const making = created.get(data) ?? createDatabase(name, templates.get(data) ?? 'plain')
  created.set(data, making)
  await making
  return `${inject('postgres')}/${name}`
}

async function createDatabase(name: string, template: Template): Promise<void> {
  const client = new pg.Client({ connectionString: `${inject('postgres')}/postgres` })
  await client.connect()
  try {
    live.push(name)
    // A test has two folders at most; those of tests that have ended are far behind.
    if (live.length > MOST_LIVE)
      await client.query(`drop database if exists "${live.shift()}" with (force)`)
    await client.query(`create database "${name}" template ${template}`)
  } finally {
    await client.end()
  }
}
