import { describe, expect, test } from 'vitest'
import { runCommand } from '../support/brokers/broker-under-test.ts'
import { PASSWORD, readRefusal, startLoginBroker } from '../support/brokers/login-broker.ts'

const IN_COOKIES = { 'x-tilepass-refresh': 'cookie' }
const login = { addressPerMinute: 100_000 }

async function start() {
  const running = await startLoginBroker({ login })
  const { post, signIn } = running
  /** Signs in as a browser that keeps its tokens in cookies. */
  const signInFrom = (device: string | undefined, password = PASSWORD, username = 'city') =>
    post(
      '/token',
      { username, password },
      { ...IN_COOKIES, ...(device === undefined ? {} : { cookie: device }) },
    )
  const getDevice = async (username = 'city') => {
    const cookies = (await signInFrom(undefined, PASSWORD, username)).headers.getSetCookie()
    return cookies.find((cookie) => cookie.startsWith('__Host-tilepass-device='))?.split('; ') ?? []
  }
  const exhaust = async (username = 'city') => {
    for (let count = 0; count < 10; count++)
      expect((await signIn('wrong', username)).status).toBe(401)
  }
  return { ...running, signInFrom, getDevice, exhaust }
}

describe('L4: the limit of sign-ins', () => {
  test('counts failures only', async () => {
    const { signIn } = await start()
    for (let count = 0; count < 25; count++) expect((await signIn()).status).toBe(200)
    for (let count = 0; count < 9; count++) expect((await signIn('wrong')).status).toBe(401)
    expect((await signIn()).status).toBe(200)
    expect((await signIn('wrong')).status).toBe(401)
    expect((await signIn('wrong')).status).toBe(429)
  })

  test('counts attempts at the same time: a burst is no way around it', async () => {
    const { signIn } = await start()
    const answers = await Promise.all(Array.from({ length: 20 }, () => signIn('wrong')))
    expect(answers.filter(({ status }) => status === 401).length).toBe(10)
    expect(answers.filter(({ status }) => status === 429).length).toBe(10)
  })

  test('counts name and email address of an account together, in every spelling', async () => {
    const { signIn, cli } = await start()
    await cli('account', 'create', 'Town', '--email', 'Maps@Town.example')
    const spellings = ['city', 'maps@city.example', 'CITY', 'MAPS@city.example', ' city ']
    for (let count = 0; count < 10; count++)
      expect((await signIn('wrong', spellings[count % 5])).status).toBe(401)
    for (const name of spellings) expect((await signIn('wrong', name)).status).toBe(429)
    for (let count = 0; count < 10; count++)
      expect((await signIn('wrong', 'maps@town.example')).status).toBe(401)
    expect((await signIn('wrong', 'Town')).status).toBe(429)
  })

  test('counts every address that signs in, whatever letters it has and whoever has a similar one', async () => {
    const { signIn, data } = await start()
    for (const [name, email] of Object.entries({
      Ober: 'ÖBER@Town.example',
      Town: 'Maps@Town.example',
      Twin: 'maps@town.example',
    })) {
      const args = ['account', 'create', name, '--email', email, '--password-stdin']
      await runCommand(data, args, { input: PASSWORD })
      for (let count = 0; count < 10; count++)
        expect((await signIn('wrong', email)).status).toBe(401)
      expect([name, (await signIn('wrong', name)).status]).toEqual([name, 429])
    }
  })

  test.each([
    [['city', 'CITY', 'Ｃity ']],
    [['town', 'Town', ' TOWN']],
    [['nobody', 'Nobody', ' NOBODY']],
    [['no@where.example', 'No@where.example', 'NO@WHERE.example']],
  ])('tells no user that exists from one that does not: %j', async (spellings) => {
    const { signIn, cli } = await start()
    await cli('account', 'create', 'Town')
    const statuses = []
    for (let count = 0; count < 12; count++)
      statuses.push((await signIn('wrong', spellings[count % 3])).status)
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429])
  })

  test('past it the right password gets the same answer as a wrong one', async () => {
    const { signIn, exhaust } = await start()
    await exhaust()
    for (const password of [PASSWORD, 'wrong'])
      expect(await readRefusal(await signIn(password))).toEqual([429, 'rate_limited'])
  })
})

describe('a browser that has signed in before', () => {
  test('gets a cookie of this host, if it keeps its tokens in cookies', async () => {
    const { getDevice, signIn } = await start()
    const [value, ...attributes] = await getDevice()
    expect(value).toMatch(/^__Host-tilepass-device=\d+\.[\w-]{22}\.[\w-]{43}$/)
    expect(attributes.filter((attribute) => !attribute.startsWith('Expires=')).sort()).toEqual(
      ['HttpOnly', 'Max-Age=15811200', 'Path=/', 'SameSite=Strict', 'Secure'].sort(),
    )
    expect((await signIn()).headers.getSetCookie()).toEqual([])
  })

  test('signs in while strangers exhaust the attempts, and has ten failures of its own', async () => {
    const { getDevice, exhaust, signInFrom } = await start()
    const [[mine = ''], [other = '']] = [await getDevice(), await getDevice()]
    await exhaust()
    expect((await signInFrom(undefined)).status).toBe(429)
    expect((await signInFrom(mine)).status).toBe(200)
    for (let count = 0; count < 10; count++)
      expect((await signInFrom(mine, 'wrong')).status).toBe(401)
    expect((await signInFrom(mine)).status).toBe(429)
    expect((await signInFrom(other)).status).toBe(200)
  })

  test('also changes its password then', async () => {
    const { getDevice, getTokens, exhaust, post } = await start()
    const [device = ''] = await getDevice()
    const { token } = await getTokens()
    await exhaust()
    const change = (headers: Record<string, string>) =>
      post(
        '/account/password',
        { password: PASSWORD, new_password: 'battery staple' },
        { authorization: `Bearer ${token}`, ...headers },
      )
    expect((await change({})).status).toBe(429)
    expect((await change({ ...IN_COOKIES, cookie: device })).status).toBe(204)
  })

  test.each<[string, (value: string, foreign: string) => string]>([
    ['for another account', (_, foreign) => foreign],
    ['with another expiry', (value) => value.replace(/=\d+/, '=9999999999')],
    ['for another browser', (value) => value.replace(/\.[\w-]/, '.@').replace('@', 'A')],
    ['with a signature that is cut off', (value) => value.slice(0, -1)],
    ['without a signature', (value) => value.slice(0, value.lastIndexOf('.'))],
    ['twice', (value) => `${value}; ${value}`],
    ['of nothing', () => '__Host-tilepass-device='],
  ])('a cookie %s counts as none', async (_, change) => {
    const { getDevice, exhaust, signInFrom, data, cli } = await start()
    await runCommand(data, ['account', 'create', 'town', '--password-stdin'], { input: PASSWORD })
    const [[mine = ''], [foreign = '']] = [await getDevice(), await getDevice('town')]
    await exhaust()
    const changed = change(mine, foreign)
    // One browser id in 64 begins with the letter that replaces the first one.
    if (changed !== mine) expect((await signInFrom(changed)).status).toBe(429)
    expect((await signInFrom(mine)).status).toBe(200)
    expect((await cli('audit', '--json')).out).not.toContain(mine.split('.')[1])
  })

  test('a cookie without the header counts as none, as does one after half a year', async () => {
    const { getDevice, exhaust, post, signInFrom, clock } = await start()
    const [device = ''] = await getDevice()
    await exhaust()
    const body = { username: 'city', password: PASSWORD }
    expect((await post('/token', body, { cookie: device })).status).toBe(429)
    clock.now += 183 * 86_400_000
    expect((await signInFrom(device)).status).toBe(429)
  })
})
