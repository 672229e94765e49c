import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseBrokerConfig, parseConfig } from '../../src/config/parse.ts'
import { findFaults } from '../support/faults.ts'

test('all faults are reported at once, each with field, rule and value', () => {
  const input = {
    port: 70_000,
    issuer: 'maps.example',
    publicUrl: 'https://maps.example/',
    upstreams: { geog: {} },
    database: {},
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
    /^database: not a known field; .*"databaseUrl"/,
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

test('a configuration can only fail with faults', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (input) => {
      findFaults(() => parseConfig(input))
    }),
  )
})

test('options that belong to the listener and the log are refused with their place', () => {
  expect(findFaults(() => parseBrokerConfig({ host: 'x', port: 1, logLevel: 'warn' }))).toEqual([
    'host: not an option of createBroker(); pass it to listen() (given: "x")',
    'port: not an option of createBroker(); pass it to listen() (given: 1)',
    'logLevel: not an option of createBroker(); set the level of its "logger" (given: "warn")',
  ])
})

test('a network is an address, a prefix or "loopback"', () => {
  const parse = (network: string) => findFaults(() => parseConfig({ trustProxy: [network] }))
  for (const good of ['loopback', '10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', '0.0.0.0/0'])
    expect(parse(good)).toEqual([])
  for (const bad of ['', 'localhost', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10/8'])
    expect(parse(bad)).toHaveLength(1)
})
