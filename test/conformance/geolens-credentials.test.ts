import { describe, expect, test } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import {
  ABSENT,
  COG,
  PRIVATE,
  PUBLIC,
  readProblem,
  startGeolensBroker,
} from '../support/brokers/geolens-broker.ts'

describe('the credentials of a download', () => {
  test('T15: a download token opens one dataset for 120 s, and nothing else', async () => {
    const { mintToken, download, createKey, post, url, clock, broker } = await startGeolensBroker()
    const key = { 'x-api-key': await createKey() }
    const token = await mintToken(PRIVATE, key)
    const authorization = `Bearer ${token}`
    expect(await readProblem(await download(PUBLIC, `?token=${token}`))).toEqual([
      401,
      'Unauthorized',
      'Download token scope does not match this dataset',
    ])
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
      expect((await download(PRIVATE, `?token=${token}`, { method })).status).toBe(405)
    for (const path of ['/v1/auth/token', '/logout'])
      expect((await post(path, {}, { authorization })).status).toBe(401)
    expect((await fetch(`${url}/account`, { headers: { authorization } })).status).toBe(401)
    await expect(broker.verifier.verify(token)).rejects.toThrow()
    expect((await download(PRIVATE, '', { headers: { authorization } })).status).toBe(401)

    clock.now += 119_999
    expect((await download(PRIVATE, `?token=${token}`, { method: 'HEAD' })).status).toBe(200)
    clock.now += 1
    expect(await readProblem(await download(PRIVATE, `?token=${token}`))).toEqual([
      401,
      'Unauthorized',
      'Invalid or expired download token',
    ])
  })

  test('?token= accepts only a download token; other tokens of the broker get a hint, the rest is invalid', async () => {
    const { download, createKey, addAccount, signIn, post, mintToken } = await startGeolensBroker()
    await addAccount('city', 'correct horse')
    const access = (await (await post('/map-token')).json()).access_token
    for (const token of [await createKey(), await signIn('city', 'correct horse'), access])
      expect((await readProblem(await download(PUBLIC, `?token=${token}`)))[2]).toBe(
        "Query-param ?token= requires a download-scoped JWT (typ='download'); use Authorization header for session tokens",
      )
    const good = await mintToken(PUBLIC)
    const [head = '', body = '', signature = ''] = good.split('.')
    const plain = Buffer.from('{"alg":"none","typ":"JWT","kid":"x"}').toString('base64url')
    const bad = [
      '',
      'x',
      `${good}=`,
      `${head}.${body}.`,
      `${plain}.${body}.${signature}`,
      `${good}.x`,
    ]
    for (const token of bad)
      expect((await readProblem(await download(PUBLIC, `?token=${token}`)))[2], token).toBe(
        'Invalid or expired download token',
      )
    expect((await download(PUBLIC, `?token=${good}&token=${good}`)).status).toBe(401)
  })

  test('a credential in a header takes precedence over ?token=', async () => {
    const { download, createKey, mintToken, cli } = await startGeolensBroker()
    await cli('account', 'create', 'other')
    const owner = { 'x-api-key': await createKey() }
    const token = await mintToken(PRIVATE, owner)
    const headers = { 'x-api-key': await createKey('other') }
    expect((await readProblem(await download(PRIVATE, `?token=${token}`, { headers })))[2]).toBe(
      'Dataset not found',
    )
    expect((await download(PRIVATE, '?token=x', { headers: owner, method: 'HEAD' })).status).toBe(
      200,
    )
    const bad = await download(PRIVATE, `?token=${token}`, { headers: bearer('x') })
    expect((await readProblem(bad))[2]).toBe('Not authenticated')
  })

  test('without a credential a private and an absent dataset get the same answer', async () => {
    const { download } = await startGeolensBroker()
    for (const id of [PRIVATE, ABSENT])
      expect(await readProblem(await download(id))).toEqual([
        401,
        'Unauthorized',
        'Authentication required',
      ])
    expect((await readProblem(await download('x')))[0]).toBe(422)
  })

  test('T16: disabling an account ends its download tokens', async () => {
    const { mintToken, download, addAccount, signIn, cli } = await startGeolensBroker()
    await addAccount('city', 'correct horse')
    const id = (await cli('dataset', 'add', 'map', COG, '--account', 'city')).out.trim()
    const token = await mintToken(id, bearer(await signIn('city', 'correct horse')))
    await cli('account', 'disable', 'city')
    expect((await download(id, `?token=${token}`)).status).toBe(401)
  })
})
