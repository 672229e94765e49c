import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { makeDataFolder } from '../support/broker-under-test.ts'
import { findFaults } from '../support/faults.ts'

function writeConfig(value: unknown): string {
  const file = join(makeDataFolder(), 'tilepass.json')
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
  return file
}

test('flags override the environment, which overrides the file, which overrides defaults', () => {
  const file = writeConfig({ host: 'file', port: 1, issuer: 'https://file', logLevel: 'warn' })
  const env = { TILEPASS_PORT: '2', TILEPASS_ISSUER: 'https://env' }
  expect(loadConfig({ flags: { issuer: 'https://flag' }, env, file })).toMatchObject({
    host: 'file',
    port: 2,
    issuer: 'https://flag',
    logLevel: 'warn',
    data: expect.any(String),
  })
})

test('relative paths in a file start at its folder', () => {
  const settings = {
    data: 'd',
    tilesets: { a: { path: 'a.pmtiles' } },
    geog: { places: 'places.geojson' },
  }
  const file = writeConfig(settings)
  const { data, tilesets, geog } = loadConfig({ flags: {}, env: {}, file })
  const paths = ['d', 'a.pmtiles', 'places.geojson'].map((path) => join(file, '..', path))
  expect([data, tilesets.a?.path, geog.places]).toEqual(paths)
})

test('faults of the environment and of unreadable files name their source', () => {
  const negative = () => loadConfig({ flags: {}, env: { TILEPASS_PORT: '-1' } })
  expect(findFaults(negative)).toEqual([
    'port: must be a whole number from 0 to 65535 (given: "-1")',
  ])
  const port = () => loadConfig({ flags: {}, env: { TILEPASS_PORT: 'tcp://10.0.0.1:80' } })
  expect(findFaults(port)).toEqual([expect.stringMatching(/^port: .*tcp:\/\//)])
  const file = writeConfig('{')
  expect(findFaults(() => loadConfig({ flags: {}, env: {}, file }))).toEqual([
    `--config: must be a readable JSON file; its JSON is invalid or incomplete from line 1, column 2 (given: "${file}")`,
  ])
})
