import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../../scripts/gateways.mjs'
import { readDeployed } from '../support/deploy/files.ts'
import { root } from '../support/repository.ts'

const text = readDeployed('nginx/nginx.conf')
const recipe = readFileSync(join(root, 'examples/gateways/nginx/nginx.conf'), 'utf8')
const nginx = findProgram('nginx')

test.skipIf(!nginx)('nginx accepts the configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-nginx-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'nginx.conf')
  // The check creates the folders, and opens the log.
  const own = text.replaceAll(' /tmp/', ` ${folder}/`).replace('/dev/stdout', 'access.log')
  writeFileSync(file, own)
  const args = ['-t', '-q', '-p', folder, '-c', file]
  const { status, stderr } = spawnSync(nginx ?? 'nginx', args, { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
})

/** A block of a configuration, from its head to the brace at the same indentation. */
function readBlock(configuration: string, head: string): string {
  const lines = configuration.split('\n')
  const start = lines.findIndex((line) => line.trim() === `${head} {`)
  const indentation = /^ */.exec(lines[start] ?? '')?.[0] ?? ''
  const end = lines.findIndex((line, index) => index > start && line === `${indentation}}`)
  return start < 0 ? '' : lines.slice(start, end).join('\n')
}

describe('what decides about a request is the same as in the recipe, which tests attack:', () => {
  test.each([
    'map $http_access_control_request_headers $allowed_headers',
    'location /',
    'location = /_verify',
    'location @unauthorized',
    'location @refused',
    'location @unavailable',
  ])('%s', (head) => {
    expect(readBlock(recipe, head)).not.toBe('')
    expect(readBlock(text, head)).toBe(readBlock(recipe, head))
  })

  test('the rules of the server', () => {
    const readRules = (configuration: string) =>
      configuration.slice(
        configuration.indexOf('# The responses below set'),
        configuration.indexOf('    location / {'),
      )
    expect(readRules(text)).toContain('auth_request /_verify;')
    expect(readRules(text)).toBe(readRules(recipe))
  })
})

test('only what may be asked twice is asked twice', () => {
  const once = text.slice(text.indexOf('location ~ ^/(v1'), text.indexOf('location = /_verify'))
  expect(once).toContain('proxy_pass http://broker_once;')
  expect(text.match(/non_idempotent/g)).toHaveLength(1)
  expect(readBlock(text, 'location ~ ^/(map-token|v1/auth/token)$')).toContain('non_idempotent')
})

test('no answer of a broker counts as a failure, after which nginx would ask none of them', () => {
  const conditions = text.match(/proxy_next_upstream .*;/g)
  expect(conditions).toEqual([
    'proxy_next_upstream error timeout;',
    'proxy_next_upstream error timeout non_idempotent;',
  ])
})

test('nothing is written outside of /tmp and the streams', () => {
  const written = text
    .split('\n')
    .filter((line) => /^\s*(?:pid|access_log|error_log|\w+_temp_path) /.test(line))
  expect(written).toHaveLength(8)
  for (const line of written) expect(line).toMatch(/ (?:\/tmp\/|\/dev\/stdout|stderr)/)
})

test('P6: the log has paths, but neither queries nor whole request lines', () => {
  const format = /log_format without_query '(.*)';/.exec(text)?.[1]
  expect(format).not.toMatch(/\$request(?!_)|\$request_uri|\$args|\$query|\$http_/)
  expect(text).toMatch(/error_log stderr crit;/)
})

test('a broker that has come back is known before the next one has ended', () => {
  const timeouts = [...text.matchAll(/fail_timeout=(\d+)s/g)].map(([, seconds]) => Number(seconds))
  expect(timeouts).toHaveLength(4)
  const { drainSeconds } = JSON.parse(readDeployed('tilepass.json'))
  expect(Math.max(...timeouts)).toBeLessThan(drainSeconds)
})
