import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StoreUnavailableError } from '../../src/store/errors.ts'
import { openStore } from '../../src/store/open.ts'
import { type Cluster, startCluster } from '../support/postgres-cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'tilepass-tls-'))
const stranger = makeCertificate(folder, 'stranger')
let own = ''
let cluster: Cluster

function makeCertificate(to: string, name: string): string {
  const certificate = join(to, `${name}.crt`)
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost', '-out', certificate],
    ...['-keyout', join(to, `${name}.key`)],
  ])
  return certificate
}

beforeAll(async () => {
  cluster = await startCluster((home) => {
    own = makeCertificate(home, 'server')
    const key = join(home, 'server.key')
    return ['ssl=on', `ssl_cert_file=${own}`, `ssl_key_file=${key}`]
  })
})
afterAll(async () => {
  await cluster.remove()
  rmSync(folder, { recursive: true, force: true })
})

async function isEncrypted(host: string, parameters: string): Promise<boolean | undefined> {
  const url = new URL(`${cluster.url}/postgres?${parameters}`)
  url.hostname = host
  const store = await openStore({ data: '', databaseUrl: url.href }, { patience: 5_000 })
  const { rows } = await sql<{ ssl: boolean }>`
    select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(store.db)
  await store.close()
  return rows[0]?.ssl
}

test('the URL says whether and how the connection is encrypted', async () => {
  expect(readFileSync(own, 'utf8')).toContain('CERTIFICATE')
  expect(await isEncrypted('localhost', `sslmode=verify-full&sslrootcert=${own}`)).toBe(true)
  expect(await isEncrypted('localhost', 'sslmode=disable')).toBe(false)
})

test.each([
  [
    'a certificate of somebody else',
    'localhost',
    () => `sslmode=verify-full&sslrootcert=${stranger}`,
  ],
  ['a certificate that no authority has signed', 'localhost', () => 'sslmode=verify-full'],
  ['a certificate of another name', '127.0.0.1', () => `sslmode=verify-full&sslrootcert=${own}`],
])('%s is not connected to', async (_, host, parameters) => {
  await expect(isEncrypted(host, parameters())).rejects.toThrow(StoreUnavailableError)
})
