import { createHmac } from 'node:crypto'
import { createVerifier, GuardError } from '@tilepass/guard'
import { importJWK, type JWTPayload, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { openStoreOf } from '../../server/test/support/store-under-test.ts'
import { bearer } from '../support/brokers/bearer.ts'
import { readClaims, runCommand } from '../support/brokers/broker-under-test.ts'
import { startTwoAccounts, TILE } from '../support/brokers/two-accounts.ts'
import { readSnippets } from '../support/snippets.ts'

const DRILL = 'docs/security/incidents.md'
const NEW_PASSWORD = 'another horse'

/** The command lines of a section, without the name of the program and what the shell adds. */
function readCommands(section: string): string[][] {
  const snippet = readSnippets(DRILL).find((each) => each.section === section)
  const lines = snippet?.code.trim().split('\n') ?? []
  expect(lines.length).toBeGreaterThan(0)
  return lines.map((line) => {
    const words = line.replace(/ < password\.txt$/, '').match(/"[^"]*"|\S+/g) ?? []
    expect(words[0]).toBe('tilepass')
    return words.slice(1).map((word) => word.replaceAll('"', ''))
  })
}

/** A running broker, the drill, and guards on other servers that know its keys already. */
async function start() {
  const running = await startTwoAccounts()
  const { data, url, clock, demo } = running
  const iss = String(readClaims(demo.api).iss)
  const createGuard = (revocable: boolean) =>
    createVerifier({
      issuer: iss,
      audience: iss,
      jwks: `${url}/.well-known/jwks.json`,
      revocable,
      now: () => clock.now,
    })
  const guards = { revocable: createGuard(true), other: createGuard(false) }
  const passes = async (name: keyof typeof guards, token: string) => {
    try {
      await guards[name].verify(token)
      return true
    } catch (error) {
      if (error instanceof GuardError && error.status === 401) return false
      throw error
    }
  }
  for (const name of ['revocable', 'other'] as const)
    expect(await passes(name, demo.access)).toBe(true)
  return {
    ...running,
    iss,
    passes,
    openTile: async (token: string) =>
      (await fetch(`${url}${TILE}`, { headers: bearer(token) })).status,
    /** Runs the commands of a section. Names in capitals stand for the values, one run for each. */
    follow: async (section: string, values: Readonly<Record<string, readonly string[]>>) => {
      const printed: string[] = []
      for (const words of readCommands(section)) {
        const name = Object.keys(values).find((each) => words.some((word) => word.includes(each)))
        for (const value of name === undefined ? [''] : (values[name] ?? [])) {
          const args = words.map((word) => (name ? word.replace(name, value) : word))
          const options = { now: () => clock.now, input: NEW_PASSWORD }
          const { code, out, error } = await runCommand(data, args, options)
          expect([args, code, error]).toEqual([args, 0, ''])
          printed.push(out.trim())
        }
      }
      return printed
    },
  }
}

/** What a thief reads in the database. */
async function steal(data: string) {
  const store = await openStoreOf(data)
  try {
    const keys = await store.db.selectFrom('signing_key').selectAll().execute()
    const secretKeys = await store.db.selectFrom('secret_key').selectAll().execute()
    const tokens = await store.db.selectFrom('api_token').selectAll().execute()
    const families = await store.db.selectFrom('login_family').selectAll().execute()
    const accounts = await store.db.selectFrom('account').selectAll().execute()
    const secrets = Object.fromEntries(
      secretKeys.map(({ purpose, secret }) => [purpose, Buffer.from(secret, 'base64url')]),
    )
    return { keys, secrets, tokens, families, accounts }
  } finally {
    await store.close()
  }
}
type Loot = Awaited<ReturnType<typeof steal>>

/** Signs with a stolen key. */
async function forge(
  { kid, private_jwk, algorithm }: Loot['keys'][number],
  iss: string,
  claims: JWTPayload,
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid })
    .setIssuer(iss)
    .setAudience(iss)
    .setJti(`forged-${Math.random()}`)
    .sign(await importJWK(JSON.parse(private_jwk), algorithm))
}

const forgeAccess = (key: Loot['keys'][number], iss: string, now: number) => {
  const iat = Math.floor(now / 1000)
  const claims = { sub: 'tok_short_x', parent: 'grant_default', token_type: 'api_token' }
  return forge(key, iss, {
    ...claims,
    scope: 'tiles:read',
    org_id: 'org_x',
    iat,
    exp: iat + 14_000,
  })
}

test('a leaked API token: with it ends what came from it, also at guards elsewhere', async () => {
  const { follow, demo, openTile, passes, clock } = await start()
  expect(await openTile(demo.access)).toBe(200)
  const id = String(readClaims(demo.api).sub)
  const printed = await follow('An API token or a Mapbox `sk`', {
    TOKEN_ID: [id],
    ACCOUNT: ['demo'],
  })
  clock.now += 6_000
  await expect.poll(() => openTile(demo.access)).toBe(401)
  expect(await openTile(demo.api)).toBe(401)
  await expect.poll(() => passes('revocable', demo.access)).toBe(false)
  expect(await openTile(printed[1] ?? '')).toBe(200)
})

test('a leaked session: the thief keeps neither the session nor what it got with it', async () => {
  const { follow, demo, post, url, openTile, passes, clock } = await start()
  const getToken = async () => {
    const response = await post('/map-token', { grant: 'signed' }, bearer(demo.session))
    return (await response.json()).access_token
  }
  const token = await getToken()
  expect(await openTile(token)).toBe(200)
  await follow('A session, a refresh token or a password', { ACCOUNT: ['demo'] })
  clock.now += 6_000
  await expect.poll(() => openTile(token)).toBe(401)
  await expect.poll(() => passes('revocable', token)).toBe(false)
  expect(await getToken()).toBeUndefined()
  expect((await fetch(`${url}/account`, { headers: bearer(demo.session) })).status).toBe(401)
  expect((await post('/token/refresh', { refresh_token: demo.refresh })).status).toBe(401)
  const signIn = (password: string) => post('/token', { username: 'demo', password })
  expect((await signIn('correct horse')).status).toBe(401)
  expect((await signIn(NEW_PASSWORD)).status).toBe(200)
})

test('a leaked signing key: forged tokens end everywhere in the time that the table says', async () => {
  const { data, iss, follow, openTile, passes, clock, post } = await start()
  const [key] = (await steal(data)).keys
  if (!key) throw new Error('there is no key')
  const forged = await forgeAccess(key, iss, clock.now)
  expect([await openTile(forged), await passes('revocable', forged)]).toEqual([200, true])
  const printed = await follow('A signing key', { KID: [key.kid], ACCOUNT: ['demo'] })
  await expect.poll(() => openTile(forged)).toBe(401)
  expect(await passes('other', forged)).toBe(true)
  clock.now += 6_000
  await expect.poll(() => passes('revocable', forged)).toBe(false)
  clock.now += 600_000
  // It fetches the key set behind the first answer.
  await expect.poll(() => passes('other', forged)).toBe(false)
  // What is made now is valid everywhere.
  expect(await openTile(printed.at(-1) ?? '')).toBe(200)
  const { access_token: token } = await (await post('/map-token')).json()
  expect([await passes('revocable', token), await passes('other', token)]).toEqual([true, true])
})

test('a leaked database: nothing that a thief makes of it is accepted afterwards', async () => {
  const { data, iss, follow, openTile, clock, cli, post, url, demo } = await start()
  // A retired key, the one that signs, and one that waits.
  await cli('key', 'rotate')
  clock.now += 3_700_000
  await cli('key', 'rotate')
  const signedIn = await (
    await post('/token', { username: 'demo', password: 'correct horse' })
  ).json()
  expect(signedIn.refresh_token).toBeDefined()
  const loot = await steal(data)
  expect(loot.keys).toHaveLength(3)
  const iat = Math.floor(clock.now / 1000)
  const account = loot.accounts.find(({ name }) => name === 'demo')
  const org_id = account?.org_id ?? ''
  const family = loot.families.filter((each) => each.account === 'demo').at(-1)
  const api = loot.tokens.find(({ account, format }) => account === 'demo' && format === 'jwt')
  const sk = loot.tokens.find(({ account, usage }) => account === 'demo' && usage === 'sk')

  const forgeAll = async () => {
    const tiles = await Promise.all(
      loot.keys.flatMap((key) => [
        forgeAccess(key, iss, clock.now),
        forge(key, iss, {
          sub: api?.id ?? '',
          token_type: 'api_token',
          scope: 'tiles:read',
          org_id,
          iat,
          exp: iat + 31_000_000,
        }),
      ]),
    )
    const sign = (usage: string, payload: object) => {
      const body = Buffer.from(JSON.stringify(payload)).toString('base64url')
      const hash = createHmac('sha256', loot.secrets.mapbox ?? '').update(`${usage}.${body}`)
      return `${usage}.${body}.${hash.digest().subarray(0, 16).toString('base64url')}`
    }
    const tk = { u: 'demo', exp: iat + 3_000, iat, scopes: ['styles:tiles'], client: 'api' }
    return {
      tiles: [...tiles, sign('tk', tk)],
      sk: sign('sk', { u: 'demo', a: sk?.id }),
      refresh: await new SignJWT({
        token_type: 'refresh',
        family: family?.id,
        generation: family?.generation,
      })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(iss)
        .setAudience(iss)
        .setJti('forged')
        .setIssuedAt(iat)
        .setExpirationTime(iat + 3_000)
        .sign(loot.secrets.refresh ?? new Uint8Array()),
    }
  }
  const forged = await forgeAll()
  const listTokens = async (token: string) =>
    (await fetch(`${url}/tokens/v2/demo?access_token=${token}`)).status
  for (const token of forged.tiles) expect(await openTile(token)).toBe(200)
  expect(await listTokens(forged.sk)).toBe(200)

  const printed = await follow('The database, or a backup of it', {
    KID: loot.keys.map(({ kid }) => kid),
    ACCOUNT: ['demo'],
  })
  await expect.poll(() => openTile(forged.tiles[0] ?? '')).toBe(401)
  const again = await forgeAll()
  for (const token of [...forged.tiles, ...again.tiles]) expect(await openTile(token)).toBe(401)
  for (const { sk: token, refresh } of [forged, again]) {
    expect(await listTokens(token)).toBe(401)
    expect((await post('/token/refresh', { refresh_token: refresh })).status).toBe(401)
  }
  expect(await openTile(demo.pk)).toBe(401)
  // The key set has only keys that the thief does not have.
  const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json()
  const stolen = new Set(loot.keys.map(({ kid }) => kid))
  expect(keys.filter(({ kid }: { kid: string }) => stolen.has(kid))).toEqual([])
  // What was created by the drill works; the list gives each pk a new string.
  const [token = '', newSk = ''] = printed.slice(-2)
  expect(await openTile(token)).toBe(200)
  const list = await (await fetch(`${url}/tokens/v2/demo?access_token=${newSk}&usage=pk`)).json()
  expect(await openTile(list[0].token)).toBe(200)
})

test('an account that was taken over: what it had stays refused after it is enabled', async () => {
  const { follow, demo, openTile, clock } = await start()
  clock.now += 2_000
  const printed = await follow('An account that somebody has taken over', { ACCOUNT: ['demo'] })
  await expect.poll(() => openTile(demo.access)).toBe(401)
  for (const token of [demo.api, demo.granted, demo.pk, demo.tk])
    expect(await openTile(token)).toBe(401)
  expect(await openTile(printed.at(-1) ?? '')).toBe(200)
})
