import { parseJson, readText } from './answer.ts'
import { accessTokenOf, BROKER_TILE, type Client, every, probeTile, probeVerify } from './client.ts'
import type { Registry } from './registry.ts'
import { runSessions } from './sessions.ts'

/** Where the load comes from. */
export interface LoadSettings {
  /** The origin of the pages, which the grant names. */
  readonly origin: string
  /** ms. */
  readonly lifetime: number
  /** The id of a dataset of the account. */
  readonly dataset: string
  /** A secret token for the Tokens API. */
  readonly sk: string
}

/** A token is not used in its last seconds, in ms: on a busy machine a request takes some. */
const LATE = 4_000
const TILES = ['/data/world/0/0/0.pbf', '/data/world/2/2/1.pbf', '/data/world/4/8/5.pbf']

/** Asks every surface at some 30 requests a second, until the load is over. */
export async function runLoad(
  client: Client,
  registry: Registry,
  settings: LoadSettings,
): Promise<void> {
  await Promise.all([
    runPages(client, settings),
    runAdministration(client, registry),
    runExchanges(client, registry),
    runOAuth(client, registry),
    runMapbox(client, registry, settings),
    runDownloads(client, registry, settings),
    runSessions(client),
    runFeeds(client),
  ])
}

async function runPages(client: Client, { origin, lifetime }: LoadSettings) {
  let held: { token: string; until: number }[] = []
  const obtain = async () => {
    const askedAt = performance.now()
    const answer = await client.once(
      '/map-token',
      '/map-token',
      { json: {}, headers: { origin } },
      [200],
    )
    const token = accessTokenOf(answer)
    if (token) held.push({ token, until: askedAt + lifetime - LATE })
  }
  let count = 0
  const read = async () => {
    held = held.filter(({ until }) => until > performance.now())
    const bearer = held[count % Math.max(1, held.length)]?.token
    const path = TILES[count % TILES.length] ?? ''
    count += 1
    if (bearer) await client.once('TileServer tile (/verify)', path, { bearer }, [200])
  }
  await Promise.all([every(client, 500, obtain), every(client, 200, read)])
}

/** Creates API tokens, and revokes every other one. */
async function runAdministration(client: Client, registry: Registry) {
  let count = 0
  await Promise.all([
    every(client, 700, async () => {
      const created = await registry.create(client)
      count += 1
      if (!created || count % 2) return
      // An access token of it is known to some replicas when it ends.
      const access = await registry.exchange(client, created)
      await registry.revoke(client, created)
      client.endings.watch('API token', probeTile(created.token))
      if (access) client.endings.watch('access token of an API token', probeVerify(access))
    }),
    every(client, 5_000, async () => {
      const { admin: bearer } = client
      await client.once('tokens listed (/v1/admin)', '/v1/admin/tokens', { bearer }, [200])
    }),
  ])
}

async function runExchanges(client: Client, registry: Registry) {
  await every(client, 500, async () => {
    const record = registry.pick()
    const access = record && (await registry.exchange(client, record))
    if (!access) return
    await client.once('broker tile', BROKER_TILE, { bearer: access }, [200])
    await client.once('/v1/places', '/v1/places?q=a&limit=1', { bearer: access }, [200])
  })
}

async function runOAuth(client: Client, registry: Registry) {
  await every(client, 1_500, async () => {
    const record = registry.pick()
    if (!record) return
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: record.token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    }
    const answer = await client.once('/oauth/token', '/oauth/token', { form }, [200])
    const token = accessTokenOf(answer)
    if (!token) return
    await client.once('TileServer tile (/verify)', TILES[0] ?? '', { bearer: token }, [200])
    const revocation = { token, client_id: record.id, client_secret: record.token }
    const path = '/oauth/introspect'
    const described = await client.once('/oauth/introspect', path, { form: revocation }, [200])
    if (described && Object(parseJson(described.text)).active !== true)
      client.journal.wrong('a valid token is described as inactive')
    if (!(await client.until('/oauth/revoke', '/oauth/revoke', { form: revocation }, [200]))) return
    client.endings.watch('access token (/oauth/revoke)', probeVerify(token))
  })
}

async function runMapbox(client: Client, registry: Registry, { sk }: LoadSettings) {
  const path = `/tokens/v2/city?access_token=${sk}`
  let count = 0
  await every(client, 1_500, async () => {
    const json = { scopes: ['styles:tiles'], note: 'load' }
    const created = await client.once('Mapbox token created', path, { json }, [200])
    await client.once('Mapbox tokens listed', path, {}, [200])
    if (!created) return
    const [id, token] = [readText(created, 'id'), readText(created, 'token')]
    const tile = `${BROKER_TILE}?access_token=${token}`
    await client.once('broker tile, Mapbox token', tile, {}, [200])
    count += 1
    if (count % 4 === 0) {
      registry.keep(token)
      return
    }
    const one = `/tokens/v2/city/${id}?access_token=${sk}`
    // After a lost answer it is gone already.
    const request = { method: 'DELETE' }
    if (!(await client.until('Mapbox token deleted', one, request, [204], 404))) return
    client.endings.watch('Mapbox token', probeTile(token))
  })
}

async function runDownloads(client: Client, registry: Registry, { dataset }: LoadSettings) {
  await every(client, 1_500, async () => {
    const record = registry.pick()
    if (!record) return
    const headers = { 'x-api-key': record.token }
    const path = `/auth/download-token/${dataset}`
    const asked = { method: 'POST', headers }
    const answer = await client.once('GeoLens download token', path, asked, [200])
    if (!answer) return
    const file = `/datasets/${dataset}/download/cog?token=${readText(answer, 'token')}`
    await client.once('GeoLens download', file, { headers: { range: 'bytes=0-99' } }, [206])
  })
}

/** What guards on other servers read. */
async function runFeeds(client: Client) {
  await every(client, 1_000, async () => {
    await client.once('jwks.json', '/.well-known/jwks.json', {}, [200])
    await client.once('revocations.json', '/.well-known/revocations.json', {}, [200])
  })
}
