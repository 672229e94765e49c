import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { FIRST_SCOPES, startMapboxBroker } from '../support/brokers/mapbox-broker.ts'

interface SdkResponse<T> {
  readonly body: T
  readonly statusCode: number
  hasNextPage(): boolean
  nextPage(): SdkRequest<T> | null
}
interface SdkRequest<T> {
  send(): Promise<SdkResponse<T>>
  eachPage(
    callback: (error: Error | null, response: SdkResponse<T>, next: () => void) => void,
  ): void
  query: Record<string, unknown>
}
interface Metadata {
  readonly id: string
  readonly usage: string
  readonly note: string
  readonly default: boolean
  readonly scopes: readonly string[]
  readonly token?: string
  readonly allowedUrls?: readonly string[]
}
interface TokensClient {
  listTokens(): SdkRequest<Metadata[]>
  createToken(config?: object): SdkRequest<Metadata>
  createTemporaryToken(config: object): SdkRequest<{ token: string }>
  updateToken(config: object): SdkRequest<Metadata>
  getToken(): SdkRequest<{ code: string; token: Record<string, unknown> }>
  deleteToken(config: object): SdkRequest<object>
  listScopes(): SdkRequest<{ id: string; public?: boolean; description: string }[]>
}

const createTokensClient: (config: { accessToken: string; origin: string }) => TokensClient =
  createRequire(import.meta.url)('@mapbox/mapbox-sdk/services/tokens')

/** The official client with a broker as its origin. The client uses the real clock, so the broker does too. */
async function start() {
  const running = await startMapboxBroker({ now: () => Date.now() })
  const createClient = (accessToken = running.sk) =>
    createTokensClient({ accessToken, origin: running.url })
  return { ...running, client: createClient(), createClient }
}

describe('@mapbox/mapbox-sdk runs unchanged', () => {
  test('createToken, updateToken, listTokens and deleteToken work', async () => {
    const { client } = await start()
    const config = { note: 'My website', scopes: ['styles:read', 'fonts:read'] }
    const created = (await client.createToken(config).send()).body
    expect(created).toMatchObject({ ...config, usage: 'pk', default: false, client: 'api' })
    expect(created.token).toMatch(/^pk\./)

    const change = { tokenId: created.id, note: 'Mine', allowedUrls: ['https://a.example'] }
    const updated = (await client.updateToken(change).send()).body
    expect(updated).toMatchObject({ id: created.id, note: 'Mine', allowedUrls: change.allowedUrls })

    const listed = (await client.listTokens().send()).body
    expect(listed.map(({ usage }) => usage).sort()).toEqual(['pk', 'pk', 'sk'])
    expect(listed.find(({ usage }) => usage === 'sk')).not.toHaveProperty('token')

    expect((await client.deleteToken({ tokenId: created.id }).send()).statusCode).toBe(204)
    const left = (await client.listTokens().send()).body
    expect(left.map(({ id }) => id)).not.toContain(created.id)
  })

  test('createToken makes a secret token with every option of the client', async () => {
    const { client, createClient } = await start()
    const config = {
      note: 'server',
      scopes: ['datasets:write', 'tokens:read'],
      resources: [],
      allowedUrls: [],
      allowedApplications: [],
    }
    const { body } = await client.createToken(config).send()
    expect(body.usage).toBe('sk')
    const mine = createClient(body.token)
    expect((await mine.listTokens().send()).body.length).toBe(3)
    await expect(mine.createToken({ scopes: [] }).send()).rejects.toMatchObject({
      statusCode: 404,
      message: 'Not found',
    })
  })

  test('a token created without scopes cannot get scopes later', async () => {
    const { client } = await start()
    const { body } = await client.createToken().send()
    expect(body).toMatchObject({ usage: 'pk', scopes: [], note: '' })
    await expect(
      client.updateToken({ tokenId: body.id, scopes: ['styles:read'] }).send(),
    ).rejects.toMatchObject({ statusCode: 422, message: 'scopes are invalid' })
  })

  test('createTemporaryToken makes a token of exactly an hour, which getToken describes', async () => {
    const { client, createClient } = await start()
    const expires = new Date(Date.now() + 3_600_000).toISOString()
    const { body } = await client.createTemporaryToken({ expires, scopes: ['styles:read'] }).send()
    expect(body.token).toMatch(/^tk\./)
    const retrieved = (await createClient(body.token).getToken().send()).body
    expect(retrieved).toMatchObject({
      code: 'TokenValid',
      token: { usage: 'tk', user: 'demo', scopes: ['styles:read'], client: 'api' },
    })
  })

  test('getToken describes a secret token', async () => {
    const { client } = await start()
    const { body } = await client.getToken().send()
    expect(body).toEqual({
      code: 'TokenValid',
      token: { usage: 'sk', user: 'demo', authorization: expect.stringMatching(/^c[0-9a-z]{24}$/) },
    })
  })

  test('listScopes lists every scope', async () => {
    const { client } = await start()
    const { body } = await client.listScopes().send()
    expect(body.map(({ id }) => id)).toEqual(expect.arrayContaining(FIRST_SCOPES))
    expect(body.find(({ id }) => id === 'styles:read')).toMatchObject({ public: true })
    expect(body.find(({ id }) => id === 'scopes:list')).not.toHaveProperty('public')
  })

  test('eachPage follows the links to the last page', async () => {
    const { client } = await start()
    for (const note of ['1', '2', '3']) await client.createToken({ note, scopes: [] }).send()
    const request = client.listTokens()
    request.query = { limit: 2 }
    const pages = await new Promise<Metadata[][]>((resolve, reject) => {
      const all: Metadata[][] = []
      request.eachPage((error, response, next) => {
        if (error) return reject(error)
        all.push(response.body)
        if (!response.hasNextPage()) return resolve(all)
        next()
      })
    })
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1])
    expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(5)
  })
})
