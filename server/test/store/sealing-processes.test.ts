import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { loadSecretKeys } from '../../src/issuer/secret-keys.ts'
import { listAuditEntries } from '../../src/store/audit.ts'
import { openStore } from '../../src/store/open.ts'
import { listStoredSecrets } from '../../src/store/sealed-columns.ts'
import { copyKeyedFolder, makeDataFolder, NOW, runCommand } from '../support/broker-under-test.ts'
import { findFilesWith, listPlainSecrets } from '../support/sealed-folder.ts'
import { makeKeyText, makeSealingKey } from '../support/sealing-keys.ts'
import { setUpSecondBrokers } from '../support/second-broker.ts'
import { startServerProcess } from '../support/server-process.ts'

setUpSecondBrokers()

const [ONE, TWO] = [makeKeyText(1), makeKeyText(2)]
const readKids = async (url: string | undefined) =>
  (await (await fetch(`${url}/.well-known/jwks.json`)).json()).keys.map(
    ({ kid }: { kid: string }) => kid,
  )

/** A plain folder, and what it must not hold once it is sealed. */
async function fillPlain() {
  const folder = await copyKeyedFolder()
  const store = await openStore({ data: folder }, { patience: 1_000 })
  await loadSecretKeys(store, 'mapbox', NOW)
  const secrets = await listPlainSecrets(store)
  await store.close()
  return { folder, secrets }
}

test('servers that start at once on a plain store with the same key all run, on the same keys', async () => {
  const { folder, secrets } = await fillPlain()
  const env = { TILEPASS_SECRET_KEY: ONE }
  const servers = await Promise.all([1, 2, 3].map(() => startServerProcess(folder, env)))
  const kids = await Promise.all(servers.map(({ url }) => readKids(url)))
  expect(kids[1]).toEqual(kids[0])
  expect(kids[2]).toEqual(kids[0])
  for (const { printed } of servers) expect(printed()).toMatch(/secrets +sealed\n/)
  expect(servers.filter(({ printed }) => printed().includes('were plain until now'))).toHaveLength(
    1,
  )
  await Promise.all(servers.map(({ stop }) => stop()))
  // If the three kept each other from it, the next start purges the file.
  await (await startServerProcess(folder, env)).stop()
  expect(findFilesWith(folder, secrets)).toEqual([])
})

test('of two servers that start at once with different keys, one stops and says why', async () => {
  const { folder } = await fillPlain()
  const servers = await Promise.all(
    [ONE, TWO].map((key) => startServerProcess(folder, { TILEPASS_SECRET_KEY: key })),
  )
  const [stopped, ...others] = servers.filter(({ url }) => url === undefined)
  expect(others).toEqual([])
  expect(stopped?.printed()).toMatch(/was sealed with the key [0-9a-f]{16}, which/)
})

test('with a wrong key, without one and with a passphrase a server does not start, and nothing changes', async () => {
  const folder = makeDataFolder()
  const running = await startServerProcess(folder, { TILEPASS_SECRET_KEY: ONE })
  const kids = await readKids(running.url)
  await running.stop()
  const read = async () => {
    const store = await openStore({ data: folder }, { patience: 1_000 })
    const audit = await listAuditEntries(store, { limit: 100 })
    const all = [await listStoredSecrets(store), audit]
    await store.close()
    return all
  }
  const before = await read()
  const passphrase = 'correct horse battery staple'
  const starts = [{ TILEPASS_SECRET_KEY: TWO }, {}, { TILEPASS_SECRET_KEY: passphrase }]
  const reasons = [
    makeSealingKey(1).id,
    'there is no key to open them',
    'a passphrase is not a key',
  ]
  for (const [index, env] of starts.entries()) {
    const { url, printed, stop } = await startServerProcess(folder, env)
    expect(url).toBeUndefined()
    expect(await stop()).not.toBe(0)
    expect(printed()).toContain(reasons[index])
    for (const secret of [ONE, TWO, passphrase]) expect(printed()).not.toContain(secret)
    expect(await read()).toEqual(before)
  }
  const again = await startServerProcess(folder, { TILEPASS_SECRET_KEY: ONE })
  expect(await readKids(again.url)).toEqual(kids)
})

test('servers go on while the key is replaced: add it, SIGHUP, rotate, remove the old one, SIGHUP', async () => {
  const folder = makeDataFolder()
  const file = join(makeDataFolder(), 'key')
  writeFileSync(file, ONE)
  const env = { TILEPASS_SECRET_KEY_FILE: file }
  const server = await startServerProcess(folder, env)
  const reload = async (text: string, line: string) => {
    const count = server.printed().split(line).length
    writeFileSync(file, text)
    server.signal('SIGHUP')
    await vi.waitFor(() => expect(server.printed().split(line).length).toBe(count + 1), {
      timeout: 20_000,
    })
  }
  const kids = await readKids(server.url)
  // A list without the key of the store changes nothing.
  await reload(TWO, 'was not reloaded')
  await reload(`${TWO}\n${ONE}\n`, 'was reloaded')
  const rotated = await runCommand(folder, ['secret-key', 'rotate'], { env })
  expect(rotated).toMatchObject({ code: 0, error: '' })
  expect(rotated.out).toContain(`with the key ${makeSealingKey(2).id}`)
  expect(await readKids(server.url)).toEqual(kids)
  await reload(TWO, 'was reloaded')
  await runCommand(folder, ['account', 'create', 'city'], { env })
  const create = ['token', 'create', '--account', 'city', '--scope', 'tiles:read']
  const { out: token } = await runCommand(folder, create, { env, now: Date.now })
  const headers = { authorization: `Bearer ${token.trim()}` }
  const answer = await fetch(`${server.url}/v1/auth/token`, { method: 'POST', headers })
  expect(answer.status).toBe(200)
  for (const secret of [ONE, TWO]) expect(server.printed()).not.toContain(secret)
  await server.stop()
  expect(findFilesWith(folder, [ONE, TWO])).toEqual([])
})
