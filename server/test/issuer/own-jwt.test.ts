import { CompactSign } from 'jose'
import { describe, expect, test } from 'vitest'
import { createDownloadTokens } from '../../src/issuer/download-tokens.ts'
import type { Issuer } from '../../src/issuer/issuer.ts'
import { loadSecretKeys } from '../../src/issuer/secret-keys.ts'
import { loadSigningKeys } from '../../src/issuer/signing-keys.ts'
import { createRefreshTokens } from '../../src/sessions/refresh-tokens.ts'
import { createRevocations } from '../../src/store/revocations.ts'
import { copyKeyedFolder, NOW, readClaims } from '../support/broker-under-test.ts'
import { openTestStore } from '../support/store-under-test.ts'

const seconds = NOW / 1000
const DATASET = '9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32'

async function startIssuer() {
  const store = await openTestStore(await copyKeyedFolder())
  const now = () => NOW
  const keys = await loadSigningKeys(store, NOW)
  const issuer: Issuer = {
    url: 'https://a.example',
    keys,
    revocations: createRevocations(store, now),
    now,
  }
  return { store, issuer }
}

/** Signs a header and the text of a payload as they are, so that it may be what no library writes. */
async function startDownloads() {
  const { issuer } = await startIssuer()
  const tokens = createDownloadTokens(issuer)
  const good = await tokens.create({
    dataset: DATASET,
    maker: { account: 'city', orgId: 'org_1', id: 'tok_1' },
  })
  const { algorithm, keyId, privateKey } = issuer.keys
  return {
    claims: readClaims(good?.token ?? ''),
    find: tokens.findTicket,
    sign: (payload: string, header: object = { typ: 'JWT' }) =>
      new CompactSign(new TextEncoder().encode(payload))
        .setProtectedHeader({ alg: algorithm, kid: keyId, ...header })
        .sign(privateKey),
  }
}

async function startRefreshes() {
  const { store, issuer } = await startIssuer()
  const tokens = createRefreshTokens(store, issuer)
  const good = await tokens.create({ family: 'fam_1', generation: 1 }, NOW, NOW + 60_000)
  const secret = (await loadSecretKeys(store, 'refresh', NOW)).all[0] ?? new Uint8Array()
  return {
    claims: readClaims(good),
    find: tokens.findTicket,
    sign: (payload: string, header: object = { typ: 'JWT' }) =>
      new CompactSign(new TextEncoder().encode(payload))
        .setProtectedHeader({ alg: 'HS256', ...header })
        .sign(secret),
  }
}

const replace = (claims: object, member: string, json: string | undefined) => {
  const entries = Object.entries(claims).filter(([name]) => name !== member)
  const texts = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  return `{${[...texts, ...(json === undefined ? [] : [`"${member}":${json}`])].join(',')}}`
}

const BAD_CLAIMS: readonly [string, string | undefined][] = [
  ...['iat', 'exp', 'jti', 'iss', 'aud'].map((name): [string, undefined] => [name, undefined]),
  ...['null', '""', '0', '1', 'true', '[]', '{}'].map((json): [string, string] => ['jti', json]),
  ...['iat', 'exp'].flatMap((name): [string, string][] =>
    ['null', '""', `"${seconds + 60}"`, '1e309', '-1e309', '-1', `${seconds}.5`, '[]', '1e300'].map(
      (json) => [name, json],
    ),
  ),
  ['iat', String(seconds + 31)],
  ['iat', String(seconds + 60)],
  ['iat', String(seconds + 1e6)],
  ['exp', String(seconds)],
  ['nbf', String(seconds + 60)],
]

const BAD_HEADERS: readonly object[] = [
  {},
  { typ: 'at+jwt' },
  { typ: 'jwt' },
  { typ: 'application/jwt' },
  { typ: '' },
  { typ: null },
  { typ: 1 },
  { typ: ['JWT'] },
  { typ: 'JWT', cty: 'JWT' },
]

describe.each([
  ['download', startDownloads],
  ['refresh', startRefreshes],
] as const)('T6, T8: a %s token', (_, start) => {
  test('that this issuer could have written is accepted, also by a clock 30 s behind', async () => {
    const { claims, find, sign } = await start()
    expect(await find(await sign(JSON.stringify(claims)))).toBeTypeOf('object')
    const ahead = replace(claims, 'iat', String(seconds + 30))
    expect(await find(await sign(ahead))).toBeTypeOf('object')
  })

  test('with a time that is no instant of the past, or an id that is no text, is refused', async () => {
    const { claims, find, sign } = await start()
    const taken = []
    for (const [member, json] of BAD_CLAIMS) {
      const ticket = await find(await sign(replace(claims, member, json)))
      if (ticket !== undefined) taken.push([member, json, ticket])
    }
    expect(taken).toEqual([])
  })

  test('with another header is refused', async () => {
    const { claims, find, sign } = await start()
    const taken = []
    for (const header of BAD_HEADERS)
      if ((await find(await sign(JSON.stringify(claims), header))) !== undefined) taken.push(header)
    expect(taken).toEqual([])
  })
})

test('the type in the payload of a download token is "download" and nothing else', async () => {
  const { claims, find, sign } = await startDownloads()
  for (const json of ['"Download"', '"download "', '["download"]', 'null', '""', '"session"'])
    expect(await find(await sign(replace(claims, 'typ', json)))).toBe('another kind of token')
})

test.each(['null', '"1"', '1e309', '1.5', '[]'])(
  'a refresh token of the generation %s is refused',
  async (json) => {
    const { claims, find, sign } = await startRefreshes()
    expect(await find(await sign(replace(claims, 'generation', json)))).toBeUndefined()
  },
)
