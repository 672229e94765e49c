import { describe, expect, test } from 'vitest'
import {
  type Metadata,
  PATH,
  startMapboxBroker,
  startWithNeighbour,
} from '../support/brokers/mapbox-broker.ts'

describe('list', () => {
  test('C2: lists the newest first, includes a default token, and shows no secret', async () => {
    const { ask, clock } = await startMapboxBroker()
    const [first] = (await ask<Metadata[]>('GET', `${PATH}?default=true`)).body
    // The default token is as old as the first one, so its successor is needed to see an order.
    clock.now += 1000
    await ask('DELETE', `${PATH}/${first?.id}`)
    clock.now += 1000
    const created = (await ask('POST', PATH, { body: { scopes: ['styles:read'] } })).body
    clock.now += 1000
    const { status, body, headers } = await ask<Metadata[]>('GET', PATH)
    expect(status).toBe(200)
    expect(headers.get('link')).toBeNull()
    expect(body.map(({ usage, default: isDefault }) => [usage, isDefault])).toEqual([
      ['pk', false],
      ['pk', true],
      ['sk', false],
    ])
    expect(body[0]).toEqual(created)
    expect(body[1]?.scopes).toEqual(
      expect.arrayContaining(['styles:tiles', 'styles:read', 'fonts:read', 'datasets:read']),
    )
    expect(body[2]).not.toHaveProperty('token')
  })

  test('filters by usage and default, and sorts by sortby', async () => {
    const { ask, clock } = await startMapboxBroker()
    const ids = []
    for (const note of ['1', '2']) {
      clock.now += 1000
      ids.push((await ask('POST', PATH, { body: { scopes: [], note } })).body.id)
    }
    await ask('GET', PATH)
    clock.now += 1000
    await ask('PATCH', `${PATH}/${ids[0]}`, { body: { note: 'changed' } })
    const list = async (query: string) =>
      (await ask<Metadata[]>('GET', `${PATH}?${query}`)).body.map(({ note }) => note)
    expect(await list('usage=sk')).toEqual([''])
    expect(await list('usage=pk&default=false')).toEqual(['2', 'changed'])
    expect(await list('usage=pk&default=false&sortby=modified')).toEqual(['changed', '2'])
    expect(await list('default=true')).toEqual(['Default public token'])
  })

  test('links to the next page with the query and without the credential', async () => {
    const { ask, url, clock } = await startMapboxBroker()
    for (const note of ['1', '2', '3', '4']) {
      clock.now += note === '3' ? 0 : 1000
      await ask('POST', PATH, { body: { scopes: [], note } })
    }
    for (const sortby of ['created', 'modified']) {
      const seen: string[] = []
      let next: string | undefined = `${PATH}?limit=2&default=false&usage=pk&sortby=${sortby}`
      while (next) {
        const page: { body: Metadata[]; headers: Headers } = await ask<Metadata[]>('GET', next)
        seen.push(...page.body.map(({ id }) => id))
        const link = page.headers.get('link') ?? ''
        expect(link).not.toContain('access_token')
        next = /^<([^>]+)>; rel="next"$/.exec(link)?.[1]
        if (next)
          expect(next).toMatch(new RegExp(`^${url}${PATH}\\?.*usage=pk.*&start=c[0-9a-z.]+`))
        // The change moves a token of this page to the front; the next page must not change.
        await ask('PATCH', `${PATH}/${seen.at(-1)}`, { body: { note: 'moved' } })
      }
      expect([seen.length, new Set(seen).size]).toEqual([4, 4])
    }
  })

  test('a page can begin after a token that was deleted meanwhile', async () => {
    const { ask, clock } = await startMapboxBroker()
    for (const note of ['1', '2', '3']) {
      clock.now += 1000
      await ask('POST', PATH, { body: { scopes: [], note } })
    }
    const query = `${PATH}?limit=1&default=false&usage=pk`
    const first = await ask<Metadata[]>('GET', query)
    await ask('DELETE', `${PATH}/${first.body[0]?.id}`)
    const next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    expect((await ask<Metadata[]>('GET', next)).body[0]?.note).toBe('2')
    const byId = await ask<Metadata[]>('GET', `${query}&start=${first.body[0]?.id}`)
    expect(byId.body[0]?.note).toBe('2')
  })

  test.each([
    ['usage=tk', 'usage must be pk or sk'],
    ['sortby=note', 'sortby must be created or modified'],
    ['default=1', 'default must be true or false'],
    ['limit=0', 'limit must be 1 or more'],
    ['limit=-1', 'limit must be 1 or more'],
    ['limit=1e3', 'limit must be 1 or more'],
    ['limit=1&limit=2', 'limit must not be repeated'],
    ['start=nonsense', 'start is invalid'],
    [`start=c${'0'.repeat(24)}`, 'start is invalid'],
    [`start=c${'0'.repeat(24)}.zzzzzzzzzzz`, 'start is invalid'],
  ])('?%s: %s', async (query, message) => {
    const { ask } = await startMapboxBroker()
    expect(await ask('GET', `${PATH}?${query}`)).toMatchObject({ status: 422, body: { message } })
  })

  test("a page cannot begin at another account's token", async () => {
    const { ask, neighbourId } = await startWithNeighbour()
    expect((await ask('GET', `${PATH}?start=${neighbourId}`)).body).toEqual({
      message: 'start is invalid',
    })
  })
})

describe('list scopes', () => {
  test('lists every scope and marks the public ones', async () => {
    const { ask } = await startMapboxBroker()
    const { status, body } = await ask<{ id: string; public?: boolean; description: string }[]>(
      'GET',
      '/scopes/v1/demo',
    )
    expect(status).toBe(200)
    expect(body.filter((scope) => scope.public).map(({ id }) => id)).toEqual([
      'styles:tiles',
      'styles:read',
      'fonts:read',
      'datasets:read',
      'vision:read',
    ])
    expect(body.length).toBe(32)
    expect(body.every(({ description }) => description.length > 0)).toBe(true)
  })

  test('requires scopes:list', async () => {
    const { ask, createMapboxToken } = await startMapboxBroker()
    const token = await createMapboxToken(['tokens:read'])
    expect(await ask('GET', '/scopes/v1/demo', { token })).toMatchObject({
      status: 404,
      body: { message: 'Not found' },
    })
  })
})
