import { ask, readText, toInit } from './answer.ts'
import { accessTokenOf, BROKER_TILE, type Client } from './client.ts'

/** An API token that was created. */
export interface ApiToken {
  readonly id: string
  readonly token: string
}

/** What was acknowledged, and so must be there in the end. */
export interface Registry {
  create(client: Client): Promise<ApiToken | undefined>
  revoke(client: Client, record: ApiToken): Promise<void>
  exchange(client: Client, record: ApiToken): Promise<string | undefined>
  /** One of the tokens that stay until the end; another one each time. */
  pick(): ApiToken | undefined
  /** Remembers a Mapbox token that stays until the end. */
  keep(token: string): void
  /** Number of changes that were acknowledged. */
  acknowledged(): number
  /** How many of them are not there. */
  countLost(client: Client): Promise<number>
}

/** @param permanent Tokens that nobody revokes. */
export function createRegistry(permanent: readonly ApiToken[]): Registry {
  const live = new Map<string, ApiToken>()
  const revoked = new Map<string, ApiToken>()
  const mapbox: string[] = []
  let picked = 0
  const registry: Registry = {
    create: async (client) => {
      const { admin: bearer } = client
      const json = { account: 'city', scope: 'tiles:read', note: 'load' }
      const asked = { json, bearer }
      const answer = await client.once(
        'token created (/v1/admin)',
        '/v1/admin/tokens',
        asked,
        [201],
      )
      if (!answer) return
      const record = { id: readText(answer, 'id'), token: readText(answer, 'token') }
      live.set(record.id, record)
      return record
    },
    revoke: async (client, record) => {
      const path = `/v1/admin/tokens/${record.id}`
      const asked = { method: 'DELETE', bearer: client.admin }
      const answer = await client.until('token revoked (/v1/admin)', path, asked, [204], 404)
      if (!answer) return
      live.delete(record.id)
      revoked.set(record.id, record)
    },
    exchange: async (client, { token: bearer }) =>
      accessTokenOf(
        await client.once(
          'exchange (/v1/auth/token)',
          '/v1/auth/token',
          { method: 'POST', bearer },
          [200],
        ),
      ) || undefined,
    pick: () => {
      picked += 1
      return permanent[picked % permanent.length]
    },
    keep: (token) => void mapbox.push(token),
    acknowledged: () => live.size + revoked.size * 2 + mapbox.length,
    countLost: async (client) => {
      const [replica = ''] = client.replicas()
      let lost = 0
      const count = async (isThere: boolean, what: string) => {
        if (isThere) return
        lost += 1
        client.journal.wrong(`lost: ${what}`)
      }
      const statusOf = async (token: string) =>
        (await ask(`${replica}/v1/auth/token`, toInit({ method: 'POST', bearer: token }))).status
      for (const { token } of live.values())
        await count((await statusOf(token)) === 200, 'API token')
      for (const { token } of revoked.values())
        await count((await statusOf(token)) === 401, 'revocation of an API token')
      for (const bearer of mapbox) {
        const { status } = await ask(`${replica}${BROKER_TILE}`, toInit({ bearer }))
        await count(status === 200, 'Mapbox token')
      }
      return lost
    },
  }
  return registry
}
