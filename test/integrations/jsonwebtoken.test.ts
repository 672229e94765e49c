import { createPublicKey } from 'node:crypto'
import { createVerifier, TileNotPermittedError } from '@tilepass/guard'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { expect, test } from 'vitest'
import { NOW, startBroker } from '../support/brokers/broker-under-test.ts'

test('jsonwebtoken takes a token for one tileset for a full one; the guard and jose refuse it', async () => {
  const { url, cli } = await startBroker({ issuer: 'https://broker.example' })
  const restricted = ['--scope', 'tiles:read', '--tilesets', 'world', '--maxzoom', '3']
  const token = (await cli('token', 'create', '--account', 'demo', ...restricted)).out.trim()
  const jwks = await (await fetch(`${url}/.well-known/jwks.json`)).json()
  const key = createPublicKey({ key: jwks.keys[0], format: 'jwk' })
  const issuer = 'https://broker.example'

  const options = { algorithms: ['RS256' as const], clockTimestamp: NOW / 1000 }
  const { header } = jsonwebtoken.decode(token, { complete: true }) ?? {}
  expect(header).toMatchObject({ crit: ['tiles'] })
  // What SECURITY.md and the README of the guard warn of. When this fails, the warning can go.
  expect(jsonwebtoken.verify(token, key, { ...options, issuer, audience: issuer })).toMatchObject({
    scope: 'tiles:read',
  })

  // What the README of the guard says to do.
  const complete = jsonwebtoken.verify(token, key, { ...options, complete: true })
  expect(complete.header.crit).toBeDefined()

  const currentDate = new Date(NOW)
  await expect(jwtVerify(token, key, { currentDate })).rejects.toThrow(/"tiles" is not recognized/)
  const verifier = createVerifier({ issuer, audience: issuer, jwks, now: () => NOW })
  await expect(verifier.verify(token)).rejects.toThrow(TileNotPermittedError)
})
