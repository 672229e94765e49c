import { describe, expect, test } from 'vitest'
import { startBroker } from '../support/broker-under-test.ts'

const CREATE = ['token', 'create', '--account', 'demo', '--format', 'mapbox', '--scope']

describe('token create --format mapbox', () => {
  test('prints only the token, and a running server accepts it', async () => {
    const { cli, url } = await startBroker()
    const { code, out } = await cli(...CREATE, 'tokens:read styles:tiles')
    expect([code, out]).toEqual([0, expect.stringMatching(/^sk\.\S+\n$/)])
    const response = await fetch(`${url}/tokens/v2/demo?access_token=${out.trim()}`)
    expect(response.status).toBe(200)
  })

  test('only public scopes make a public token', async () => {
    const { cli } = await startBroker()
    expect((await cli(...CREATE, 'styles:tiles')).out).toMatch(/^pk\./)
  })

  test('--json and token list say that it never expires', async () => {
    const { cli } = await startBroker()
    const created = JSON.parse((await cli(...CREATE, 'tokens:read', '--json')).out)
    expect(created).toEqual({
      id: expect.stringMatching(/^c/),
      token: expect.any(String),
      expires_at: null,
    })
    expect((await cli('token', 'list')).out).toMatch(/never/)
    const listed: { id: string }[] = JSON.parse((await cli('token', 'list', '--json')).out)
    expect(listed.filter(({ id }) => id === created.id)).toMatchObject([
      { id: created.id, format: 'mapbox', scopes: ['tokens:read'], expires: null },
    ])
  })

  test('the first token of an account brings its default token, the next one does not', async () => {
    const { cli } = await startBroker()
    const list = async () => {
      const { out } = await cli('token', 'list', '--json')
      const tokens: { id: string; note: string; revoked: string | null }[] = JSON.parse(out)
      return tokens
        .filter(({ note }) => note === 'Default public token')
        .sort((one, other) => Number(one.revoked !== null) - Number(other.revoked !== null))
        .map(({ id }) => id)
    }
    await cli(...CREATE, 'tokens:read')
    const [id, ...others] = await list()
    expect([id, others]).toEqual([expect.stringMatching(/^c[0-9a-z]{24}$/), []])
    const audit = JSON.parse((await cli('audit', '--json')).out)
    expect(audit).toContainEqual(
      expect.objectContaining({ actor: 'cli', action: 'token.create', target: id }),
    )
    await cli(...CREATE, 'tokens:read')
    expect(await list()).toEqual([id])
    // An account always has one: token revoke replaces it, as the API does.
    expect((await cli('token', 'revoke', id ?? '')).code).toBe(0)
    const replaced = await list()
    expect(replaced).toEqual([expect.any(String), id])
    expect((await cli('token', 'revoke', id ?? '')).code).toBe(0)
    expect(await list()).toEqual(replaced)
  })

  test('token list escapes control characters of a note from the API', async () => {
    const { cli, url } = await startBroker()
    const token = (await cli(...CREATE, 'tokens:write styles:read')).out.trim()
    await fetch(`${url}/tokens/v2/demo?access_token=${token}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ scopes: [], note: 'a\u001b[2J\nb\u009b2J\u202ec Zürich' }),
    })
    const { out } = await cli('token', 'list')
    expect(out).toContain('a\\u001b[2J\\u000ab\\u009b2J\\u202ec Zürich')
    // The heading, the token, the one that it made, and the default token.
    expect(out.trimEnd().split('\n')).toHaveLength(4)
  })

  test('token revoke revokes it at once', async () => {
    const { cli, url } = await startBroker()
    const { id, token } = JSON.parse((await cli(...CREATE, 'tokens:read', '--json')).out)
    expect((await cli('token', 'revoke', id)).code).toBe(0)
    expect((await fetch(`${url}/tokens/v2/demo?access_token=${token}`)).status).toBe(401)
    const retrieved = await fetch(`${url}/tokens/v2?access_token=${token}`)
    expect((await retrieved.json()).code).toBe('TokenRevoked')
  })

  test('says what to do about invalid scopes, lifetimes and accounts', async () => {
    const { cli } = await startBroker()
    const scopes = await cli(...CREATE, 'tiles:read')
    expect([scopes.code, scopes.error]).toEqual([2, expect.stringContaining('styles:tiles')])
    const lifetime = await cli(...CREATE, 'tokens:read', '--expires-in', '60')
    expect([lifetime.code, lifetime.error]).toEqual([2, expect.stringContaining('never expire')])
    const readOnly = await cli(...CREATE, 'tokens:read', '--read-only')
    expect([readOnly.code, readOnly.error]).toEqual([2, expect.stringContaining('--read-only')])
    const args = ['--account', 'nobody', '--format', 'mapbox', '--scope', 'tokens:read']
    const account = await cli('token', 'create', ...args)
    expect([account.code, account.error]).toEqual([1, expect.stringContaining('account create')])
  })

  test('disabling the account revokes its tokens of every usage', async () => {
    const { cli, url } = await startBroker()
    const sk = (await cli(...CREATE, 'tokens:write styles:tiles')).out.trim()
    const response = await fetch(`${url}/tokens/v2/demo?access_token=${sk}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ scopes: ['styles:tiles'], expires: '2027-01-15T08:30:00Z' }),
    })
    const { token: tk } = await response.json()
    expect((await cli('account', 'disable', 'demo')).code).toBe(0)
    for (const token of [sk, tk]) {
      const retrieved = await fetch(`${url}/tokens/v2?access_token=${token}`)
      expect((await retrieved.json()).code).toBe('TokenRevoked')
    }
  })
})
