import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { guard, type Verifier } from '@tilepass/guard'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMint } from '../../src/issuer/mint.ts'
import { watchSigningKeys } from '../../src/issuer/signing-keys.ts'
import { createOwnVerifier } from '../../src/issuer/verify.ts'
import { applyChange } from '../../src/store/changes.ts'
import { createRevocations } from '../../src/store/revocations.ts'
import { copyKeyedFolder, NOW, readClaims, startBroker } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const path = fileURLToPath(new URL('../../../examples/demo-data/world.pmtiles', import.meta.url))
const period = { at: NOW, expiresAt: NOW + 3_600_000 }
const HOUR = 3600

/** A tile behind a guard with our own verifier, and how often that had to verify. */
async function start() {
  const folder = await copyKeyedFolder()
  const store = await openTestStore(folder)
  const keys = await watchSigningKeys(store, () => NOW)
  const url = 'https://maps.example'
  const issuer = { url, keys, revocations: createRevocations(store, () => NOW), now: () => NOW }
  const own = createOwnVerifier(issuer, 'tiles')
  const counts = { verified: 0 }
  const verifier: Verifier = {
    ...own,
    verify: (token, use) => {
      counts.verified++
      return own.verify(token, use)
    },
  }
  const app = express().use(guard({ verifier, scope: 'tiles:read' }), (_request, response) => {
    response.send('tile')
  })
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close().closeAllConnections()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const token = await createMint(issuer)({
    sub: 'tok_short_1',
    parent: 'tok_1',
    org_id: 'org_1',
    token_type: 'api_token',
    scope: 'tiles:read',
    iat: NOW / 1000,
    exp: NOW / 1000 + HOUR,
  })
  const ask = async () => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`http://127.0.0.1:${port}/`, { headers })).status
  }
  return { folder, store, own, token, ask, counts }
}

describe("the broker's own tiles take the fast path", () => {
  test('the second tile of a token is answered without a turn of the event loop', async () => {
    const { ask, counts } = await start()
    for (let tile = 0; tile < 5; tile++) expect(await ask()).toBe(200)
    expect(counts.verified).toBe(1)
  })

  test('a revocation by this process is refused at once', async () => {
    const { store, ask, own, token } = await start()
    expect([await ask(), await ask()]).toEqual([200, 200])
    await applyChange(store, (change) => change.revoke('tok_1', period))
    expect(own.recall(token)).toBeUndefined()
    expect(await ask()).toBe(401)
  })

  test('T16: a revocation by another process is refused within 1 s', async () => {
    const { folder, ask } = await start()
    expect([await ask(), await ask()]).toEqual([200, 200])
    const other = await openTestStore(folder)
    await applyChange(other, (change) => change.revoke('tok_short_1', period))
    const revokedAt = performance.now()
    for (let status = 200; status !== 401; ) {
      const askedAt = performance.now()
      status = await ask()
      if (askedAt - revokedAt > 1_000) expect(status).toBe(401)
    }
  })

  test('T16: an epoch ends it as well', async () => {
    const { store, ask } = await start()
    expect([await ask(), await ask()]).toEqual([200, 200])
    const later = { ...period, at: NOW + 1000 }
    await applyChange(store, (change) => change.raiseEpoch('org_1', later))
    expect(await ask()).toBe(401)
  })

  test("the broker's verifier remembers a token that one of its tiles was read with", async () => {
    const { url, post, broker, cli } = await startBroker({ tilesets: { world: { path } } })
    const { access_token: token } = await (await post('/map-token')).json()
    expect(broker.verifier.recall(token)).toBeUndefined()
    const headers = { authorization: `Bearer ${token}` }
    const readTile = async () =>
      (await fetch(`${url}/v1/tiles/world/0/0/0.mvt`, { headers })).status
    expect(await readTile()).toBe(200)
    expect(broker.verifier.recall(token)).toMatchObject({ sub: readClaims(token).sub })
    await cli('account', 'disable', 'demo')
    await expect.poll(readTile, { timeout: 1_000 }).toBe(401)
    expect(broker.verifier.recall(token)).toBeUndefined()
  })
})
