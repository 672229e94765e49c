import { describe, expect, test } from 'vitest'
import { readClaims, runCommand } from '../support/brokers/broker-under-test.ts'
import {
  BEARER_MESSAGE,
  HIGH,
  PASSWORD,
  startLoginBroker,
  type Tokens,
} from '../support/brokers/login-broker.ts'

describe('sessions', () => {
  test('a protected endpoint answers every missing or wrong credential alike', async () => {
    const { url, createToken, getTokens, clock } = await startLoginBroker()
    const { token, refresh_token: refreshToken } = await getTokens()
    const ok = await fetch(`${url}/account`, { headers: { authorization: `bearer ${token}` } })
    expect(await ok.json()).toEqual({
      username: 'city',
      org_id: readClaims(token).org_id,
      email: 'maps@city.example',
    })
    const check = async (headers: Record<string, string>) => {
      const response = await fetch(`${url}/account`, { headers })
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      expect([response.status, (await response.json()).message]).toEqual([401, BEARER_MESSAGE])
    }
    await check({})
    await check({ authorization: 'Basic dTpw' })
    for (const other of ['x', refreshToken, await createToken()])
      await check({ authorization: `Bearer ${other}` })
    clock.now += 3_601_000
    await check({ authorization: `Bearer ${token}` })
  })

  test('T8: neither a session nor a refresh token opens tiles or the exchange', async () => {
    const { getTokens, post, broker } = await startLoginBroker()
    const tokens = await getTokens()
    for (const token of [tokens.token, tokens.refresh_token]) {
      await expect(broker.verifier.verify(token)).rejects.toThrow()
      expect((await post('/v1/auth/token', {}, { authorization: `Bearer ${token}` })).status).toBe(
        401,
      )
    }
  })

  test('L5: logging out with a refresh token or a session ends the family', async () => {
    const { getTokens, refresh, readAccount, post } = await startLoginBroker()
    const ways = [
      ({ refresh_token }: Tokens) => post('/logout', { refresh_token }),
      ({ token }: Tokens) => post('/logout', undefined, { authorization: `Bearer ${token}` }),
    ]
    const untouched = await getTokens()
    for (const logOut of ways) {
      const tokens = await getTokens()
      expect((await logOut(tokens)).status).toBe(204)
      expect((await refresh(tokens.refresh_token)).status).toBe(401)
      expect((await readAccount(tokens.token)).status).toBe(401)
    }
    expect((await readAccount(untouched.token)).status).toBe(200)
    expect((await post('/logout', { refresh_token: 'x' })).status).toBe(204)
    expect((await (await post('/logout')).json()).message).toBe(BEARER_MESSAGE)
  })

  test('L5: a change of password ends every family', async () => {
    const { getTokens, refresh, readAccount, post, signIn, cli } = await startLoginBroker()
    const [here, there] = [await getTokens(), await getTokens()]
    const change = (password: unknown, next: unknown) =>
      post(
        '/account/password',
        { password, new_password: next },
        { authorization: `Bearer ${here.token}` },
      )
    expect((await change('wrong', 'battery staple')).status).toBe(401)
    expect((await change(PASSWORD, 'x\0')).status).toBe(400)
    expect((await readAccount(here.token)).status).toBe(200)
    expect((await change(PASSWORD, 'battery staple')).status).toBe(204)
    for (const { token, refresh_token: refreshToken } of [here, there]) {
      expect((await readAccount(token)).status).toBe(401)
      expect((await refresh(refreshToken)).status).toBe(401)
    }
    expect((await signIn()).status).toBe(401)
    expect((await signIn('battery staple')).status).toBe(200)
    expect((await cli('audit')).out).toMatch(/usr_city +account\.set-password +city/)
  })

  test('L5: "account set-password" ends every family while the server runs', async () => {
    const { getTokens, refresh, readAccount, data, signIn } = await startLoginBroker()
    const { token, refresh_token: refreshToken } = await getTokens()
    const args = ['account', 'set-password', 'city', '--password-stdin']
    expect((await runCommand(data, args, { input: 'battery staple\n' })).code).toBe(0)
    expect((await readAccount(token)).status).toBe(401)
    expect((await refresh(refreshToken)).status).toBe(401)
    expect((await signIn('battery staple')).status).toBe(200)
    const unknown = ['account', 'set-password', 'nobody', '--password-stdin']
    expect((await runCommand(data, unknown, { input: 'x' })).code).toBe(1)
  })

  test('L5: a sign-in that is overtaken by a change of password opens nothing', async () => {
    const { signIn, data, readAccount } = await startLoginBroker({ login: HIGH })
    const pending = Array.from({ length: 10 }, () => signIn())
    const args = ['account', 'set-password', 'city', '--password-stdin']
    await runCommand(data, args, { input: 'battery staple' })
    for (const response of await Promise.all(pending))
      if (response.status === 200)
        expect((await readAccount((await response.json()).token)).status).toBe(401)
  })
})

describe('X11: the refresh cookie', () => {
  const MODE = { 'x-tilepass-refresh': 'cookie' }
  const startWithCookie = async () => {
    const running = await startLoginBroker()
    const body = { username: 'city', password: PASSWORD }
    const response = await running.post('/token', body, MODE)
    const [cookie = ''] = response.headers.getSetCookie()
    return { ...running, cookie, pair: cookie.split(';')[0] ?? '', answer: await response.json() }
  }

  test('has the prefix __Host-, is Secure, HttpOnly and SameSite=Strict, and replaces the token in the body', async () => {
    const { cookie, answer } = await startWithCookie()
    expect(cookie).toMatch(/^__Host-tilepass-refresh=[\w.-]+; /)
    const attributes = cookie.split('; ').slice(1)
    expect(attributes).toEqual(
      expect.arrayContaining(['Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict']),
    )
    expect(cookie).not.toMatch(/domain/i)
    expect(Object.keys(answer)).toEqual(['token', 'token_type', 'expires_in'])
  })

  test('is ignored without the custom header', async () => {
    const { post, pair: cookie } = await startWithCookie()
    expect((await post('/token/refresh', undefined, { cookie })).status).toBe(400)
    expect((await post('/token', undefined, { cookie })).status).toBe(400)
    expect((await post('/logout', undefined, { cookie })).status).toBe(401)
    expect((await post('/token/refresh', undefined, { cookie, ...MODE })).status).toBe(200)
  })

  test('is another cookie behind a no-break space, which hides the prefix from browsers', async () => {
    const { post, pair } = await startWithCookie()
    const planted = { ...MODE, cookie: `\u00a0${pair}` }
    expect((await post('/token/refresh', undefined, planted)).status).toBe(401)
    // Nor does it make the genuine one ambiguous.
    const both = { ...MODE, cookie: `${pair}; \u00a0${pair}` }
    expect((await post('/token/refresh', undefined, both)).status).toBe(200)
  })

  test('rotates, and is deleted at logout', async () => {
    const { post, pair, readAccount } = await startWithCookie()
    const response = await post('/token', undefined, { cookie: pair, ...MODE })
    const next = response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const { token } = await response.json()
    expect(next).not.toBe(pair)
    const left = await post('/logout', undefined, { cookie: next, ...MODE })
    expect(left.status).toBe(204)
    expect(left.headers.getSetCookie()[0]).toMatch(
      /^__Host-tilepass-refresh=;.*Expires=Thu, 01 Jan/,
    )
    expect((await readAccount(token)).status).toBe(401)
    expect((await post('/token/refresh', undefined, MODE)).status).toBe(401)
  })

  test('is replaced by a new sign-in of the browser, which ends the session before it', async () => {
    const { post, pair: cookie, answer, refresh, readAccount, cli } = await startWithCookie()
    const elsewhere = await (await post('/token', { username: 'city', password: PASSWORD })).json()
    const wrong = await post('/token', { username: 'city', password: 'x' }, { cookie, ...MODE })
    expect([wrong.status, (await readAccount(answer.token)).status]).toEqual([401, 200])
    const again = await post(
      '/token',
      { username: 'city', password: PASSWORD },
      { cookie, ...MODE },
    )
    expect((await readAccount((await again.json()).token)).status).toBe(200)
    expect((await readAccount(answer.token)).status).toBe(401)
    expect((await post('/token/refresh', undefined, { cookie, ...MODE })).status).toBe(401)
    expect((await cli('audit', '--action', 'session.end')).out).toMatch('new sign-in')
    // Sessions of other browsers continue.
    expect((await refresh(elsewhere.refresh_token)).status).toBe(200)
  })

  test('X10: a page of another origin may not send it', async () => {
    const { url } = await startWithCookie()
    const preflight = await fetch(`${url}/token`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  })
})
