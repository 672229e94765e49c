import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadConfig, parseConfig } from '../../src/config/schema.ts'
import { ConfigError } from '../../src/index.ts'
import { makeDataFolder } from '../support/broker-under-test.ts'

function writeConfig(value: unknown): string {
  const file = join(makeDataFolder(), 'tilepass.json')
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
  return file
}

function findFaults(run: () => unknown): readonly string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

test('flags win over environment over file over defaults', () => {
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

test('paths of a file are relative to it', () => {
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

describe('faults', () => {
  test('are told all at once, each with field, value and rule', () => {
    const input = {
      port: 70_000,
      issuer: 'maps.example',
      publicUrl: 'https://maps.example/',
      upstreams: { geog: {} },
      metrics: {},
      colour: 'red',
      host: '',
      logLevel: 'loud',
      grants: {
        c: 1,
        d: { account: 'x', scope: 'tiles:raed' },
        'a b': {},
        b: { account: 'x', scope: 'two  spaces', expiresInSeconds: 0.5 },
      },
    }
    const faults = findFaults(() => parseConfig(input))
    for (const part of [
      'port: must be a whole number from 0 to 65535 (given: 70000)',
      /^issuer: must be an http.*"maps\.example"/,
      /^publicUrl: .*slash.*"https:\/\/maps\.example\/"/,
      'upstreams.geog.kind: must be a string (given: nothing)',
      /^metrics: not supported yet/,
      /^colour: not a known field.*"red"/,
      'grants.a b: must be a name of letters, digits, "-" and "_" that starts with a letter or a digit (given: "a b")',
      'grants.c: must be an object (given: 1)',
      'grants.d.scope: must be scopes of tiles:read, places:read, billing:manage, admin:access, separated by single spaces (given: "tiles:raed")',
      'host: must not be empty (given: "")',
      'logLevel: must be "trace" or "debug" or "info" or "warn" or "error" or "silent" (given: "loud")',
      /^grants\.b\.scope: must be scopes.*two {2}spaces/,
      /^grants\.b\.expiresInSeconds: .*0\.5/,
    ])
      expect(faults).toContainEqual(typeof part === 'string' ? part : expect.stringMatching(part))
  })

  test('of the environment and of unreadable files name their source', () => {
    const negative = () => loadConfig({ flags: {}, env: { TILEPASS_PORT: '-1' } })
    expect(findFaults(negative)).toEqual([
      'port: must be a whole number from 0 to 65535 (given: "-1")',
    ])
    const port = () => loadConfig({ flags: {}, env: { TILEPASS_PORT: 'tcp://10.0.0.1:80' } })
    expect(findFaults(port)).toEqual([expect.stringMatching(/^port: .*tcp:\/\//)])
    const file = writeConfig('{')
    expect(findFaults(() => loadConfig({ flags: {}, env: {}, file }))).toEqual([
      expect.stringMatching(/^--config: must be a readable JSON file/),
    ])
  })

  test('are the only way in which a configuration can fail', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        findFaults(() => parseConfig(input))
      }),
    )
  })
})
