import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createJsonSchema } from '../../src/config/json-schema.ts'
import { parseConfig } from '../../src/config/parse.ts'

const schema = z.fromJSONSchema(createJsonSchema())
const isValid = (value: unknown) => schema.safeParse(value).success
const readExample = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../../examples/${path}`, import.meta.url), 'utf8'))

test.each([
  'gateways/broker.json',
  ...['geog', 'geolens', 'mapbox', 'oauth'].map((name) => `upstreams/${name}/tilepass.json`),
])('the JSON Schema and the broker accept %s', (path) => {
  const config = readExample(path)
  expect(isValid(config)).toBe(true)
  expect(() => parseConfig(config)).not.toThrow()
})

test.each([
  ['an unknown setting', { colour: 'red' }],
  ['a limit that is passed', { port: 70_000 }],
  [
    'a grant with an unknown member',
    { grants: { a: { account: 'x', scope: 'tiles:read', x: 1 } } },
  ],
  ['a session that is only for code', { grants: { a: { account: 'x', scope: 'y', session: {} } } }],
  ['an unknown kind of upstream', { upstreams: { a: { kind: 'bogus' } } }],
  ['a secret in place of its source', { upstreams: { a: { kind: 'geog', token: 'secret' } } }],
  ['an unknown API', { surfaces: { bogus: false } }],
  [
    'an unknown member of tile claims',
    { grants: { a: { account: 'x', scope: 'y', tiles: { z: 1 } } } },
  ],
])('the JSON Schema refuses %s', (_, config) => {
  expect(isValid(config)).toBe(false)
  expect(() => parseConfig(config)).toThrow()
})

test('a configuration may name its JSON Schema', () => {
  const $schema = './node_modules/@tilepass/broker/tilepass.schema.json'
  expect(isValid({ $schema })).toBe(true)
  expect(parseConfig({ $schema })).toEqual({ ...parseConfig({}), $schema })
})
