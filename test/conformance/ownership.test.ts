import { describe, expect, test } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import { readClaims } from '../support/brokers/broker-under-test.ts'
import {
  DATASET,
  type EveryKind,
  RIVAL_DATASET,
  startTwoAccounts,
  TILE,
  type TwoAccounts,
} from '../support/brokers/two-accounts.ts'

const ABSENT_DATASET = '2489e9ad-2ee2-4e00-8ec9-32d5f69181c0'
const idOf = (token: string) => String(readClaims(token).sub ?? readClaims(token).a)

/** A request of one account for a resource of the other account, or for one that does not exist. */
interface Asked {
  readonly running: TwoAccounts
  readonly own: EveryKind
  readonly ownName: string
  /** The name of the other account, or of none. */
  readonly user: string
  /** The id of a Mapbox token of the other account, or an unused id of the same length. */
  readonly mapboxId: string
  readonly dataset: string
  /** A token of the other account, or one that was never issued. */
  readonly token: string
}

const postForm = (url: string, fields: Record<string, string>) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(fields) })

const clientOf = (own: EveryKind) => ({ client_id: idOf(own.api), client_secret: own.api })

const mapbox = (method: string, path: (asked: Asked) => string, body?: object) => (asked: Asked) =>
  fetch(`${asked.running.url}/${path(asked)}?access_token=${asked.own.sk}`, {
    method,
    ...(body
      ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      : {}),
  })

/** Every operation on a resource that has an owner. */
const OPERATIONS: [string, (asked: Asked) => Promise<Response>][] = [
  ['list Mapbox tokens', mapbox('GET', ({ user }) => `tokens/v2/${user}`)],
  [
    'create a Mapbox token',
    mapbox('POST', ({ user }) => `tokens/v2/${user}`, { scopes: ['styles:tiles'], note: 'x' }),
  ],
  ['list Mapbox scopes', mapbox('GET', ({ user }) => `scopes/v1/${user}`)],
  [
    'update a Mapbox token under its owner’s name',
    mapbox('PATCH', ({ user, mapboxId }) => `tokens/v2/${user}/${mapboxId}`, { note: 'x' }),
  ],
  [
    'update a Mapbox token under the caller’s name',
    mapbox('PATCH', ({ ownName, mapboxId }) => `tokens/v2/${ownName}/${mapboxId}`, { note: 'x' }),
  ],
  [
    'delete a Mapbox token under its owner’s name',
    mapbox('DELETE', ({ user, mapboxId }) => `tokens/v2/${user}/${mapboxId}`),
  ],
  [
    'delete a Mapbox token under the caller’s name',
    mapbox('DELETE', ({ ownName, mapboxId }) => `tokens/v2/${ownName}/${mapboxId}`),
  ],
  [
    'mint a download token with an API token',
    ({ running, own, dataset }) =>
      running.post(`/auth/download-token/${dataset}`, undefined, bearer(own.api)),
  ],
  [
    'mint a download token with a session',
    ({ running, own, dataset }) =>
      running.post(`/auth/download-token/${dataset}`, undefined, bearer(own.session)),
  ],
  [
    'mint a download token without a credential',
    ({ running, dataset }) => running.post(`/auth/download-token/${dataset}`),
  ],
  [
    'download with an API token',
    ({ running, own, dataset }) =>
      fetch(`${running.url}/datasets/${dataset}/download/cog`, { headers: bearer(own.api) }),
  ],
  [
    'download with a download token of another dataset',
    ({ running, own, dataset }) =>
      fetch(`${running.url}/datasets/${dataset}/download/cog?token=${own.download}`),
  ],
  [
    'introspect a token',
    ({ running, own, token }) =>
      postForm(`${running.url}/oauth/introspect`, { ...clientOf(own), token }),
  ],
  [
    'revoke a token',
    ({ running, own, token }) =>
      postForm(`${running.url}/oauth/revoke`, { ...clientOf(own), token }),
  ],
]

const readAnswer = async (response: Response) => ({
  status: response.status,
  challenge: response.headers.get('www-authenticate'),
  body: await response.text(),
})

const SIDES = [
  ['demo', 'rival', RIVAL_DATASET],
  ['rival', 'demo', DATASET],
] as const

describe.each(SIDES)('C1: %s asks for resources of %s', (ownName, other, dataset) => {
  test('every operation answers alike for foreign and absent resources, and changes nothing', async () => {
    const running = await startTwoAccounts()
    const base = { running, own: running[ownName], ownName }
    const foreign = running[other]
    const { api, access, pk } = foreign
    const absent = {
      user: 'nobody',
      mapboxId: idOf(pk).replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
      dataset: ABSENT_DATASET,
      token: api.replace(/.{4}$/, 'AAAA'),
    }
    for (const [operation, ask] of OPERATIONS) {
      const alike = { operation, ...(await readAnswer(await ask({ ...base, ...absent }))) }
      for (const token of [api, access]) {
        const asked = { ...base, user: other, mapboxId: idOf(pk), dataset, token }
        expect({ operation, ...(await readAnswer(await ask(asked))) }).toEqual(alike)
      }
    }
    const tile = (token: string) =>
      fetch(`${running.url}${TILE}`, { headers: bearer(token) }).then(({ status }) => status)
    expect(await Promise.all([api, access, pk].map(tile))).toEqual([200, 200, 200])
    expect((await running.post('/token', { refresh_token: foreign.refresh })).status).toBe(200)
  })

  test('usage is that of the caller, whatever organisation the query names', async () => {
    const running = await startTwoAccounts()
    await fetch(`${running.url}${TILE}`, { headers: bearer(running[other].api) })
    const { org_id } = readClaims(running[other].api)
    const response = await fetch(`${running.url}/v1/billing/usage?org_id=${org_id}`, {
      headers: bearer(running[ownName].api),
    })
    const body = await response.text()
    expect(JSON.parse(body).org_id).toBe(readClaims(running[ownName].api).org_id)
    expect(body).not.toContain(idOf(running[other].api))
  })

  test('an access token carries the organisation of its subject token', async () => {
    const running = await startTwoAccounts()
    const { api } = running[ownName]
    const forged = { org_id: readClaims(running[other].api).org_id, sub: 'x', account: other }
    const response = await running.post('/v1/auth/token', forged, bearer(api))
    const { access_token } = await response.json()
    expect(readClaims(access_token)).toMatchObject({
      org_id: readClaims(api).org_id,
      parent: idOf(api),
    })
  })
})

test('C1: a grant that requires a session refuses a session of another organisation', async () => {
  const running = await startTwoAccounts()
  const ask = (token: string) => running.post('/map-token', { grant: 'signed' }, bearer(token))
  expect((await ask(running.demo.session)).status).toBe(200)
  const refused = await ask(running.rival.session)
  expect([refused.status, (await refused.json()).access_token]).toEqual([403, undefined])
})
