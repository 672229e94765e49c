import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { Cluster } from '../../../server/test/support/postgres-cluster.ts'
import type { Topology } from '../deploy/topology.ts'
import { ask, parseJson, readText, toInit } from './answer.ts'
import {
  accessTokenOf,
  type Client,
  probeRefresh,
  probeSession,
  probeTile,
  probeVerify,
} from './client.ts'
import { PASSWORD, signIn } from './sessions.ts'

/** For how long what was harmed was away, in ms. */
export interface Outages {
  /** From SIGKILL until it is ready again. */
  readonly killed: number
  /** From SIGTERM until its end, in which it serves. */
  readonly draining: number
  /** From its end until it is ready again. */
  readonly ended: number
  /** Until it accepts connections again. */
  readonly database: number
  /** From the acknowledgement until every replica shows the new key. */
  readonly keyShown: number
}

/** A connection that is under way at an end gets no answer; ms. */
const AT_AN_END = 1_000
/** "When it is back, everything works again within 5 s"; ms. */
const RECOVERY = 5_000
/** For how long the database is away, besides the time that it takes to start; ms. */
const DATABASE_AWAY = 2_000

/**
 * Does everything that the replicas must endure, spread over a time.
 *
 * @param duration ms.
 */
export async function harm(
  client: Client,
  { brokers }: Topology,
  cluster: Cluster,
  duration: number,
): Promise<Outages> {
  const startedAt = performance.now()
  /** Waits until this share of the time is over. */
  const reach = (share: number) => wait(startedAt + share * duration - performance.now())
  const { journal } = client
  const [, one, two] = brokers
  if (!one || !two) throw new Error('There are not three replicas')

  await reach(0.1)
  const keyShown = await rotateKey(client)

  await reach(0.2)
  const killedAt = performance.now()
  const closeKilled = journal.open('killed')
  one.child.kill('SIGKILL')
  closeKilled(AT_AN_END)
  await reach(0.27)
  await one.start()
  const killed = performance.now() - killedAt

  await reach(0.38)
  const drainedAt = performance.now()
  two.child.kill('SIGTERM')
  const [code] = await once(two.child, 'exit')
  const endedAt = performance.now()
  if (code !== 0) journal.wrong(`a drained replica ended with ${code}`)
  const closeEnded = journal.open('ended')
  closeEnded(AT_AN_END)
  await two.start()
  const ended = performance.now() - endedAt

  await reach(0.62)
  const closeDatabase = journal.open('database')
  const awayAt = performance.now()
  await cluster.kill()
  await wait(DATABASE_AWAY)
  await cluster.start()
  const database = performance.now() - awayAt
  closeDatabase(RECOVERY)

  await reach(0.85)
  await disable(client)
  await reach(1)
  return { killed, draining: endedAt - drainedAt, ended, database, keyShown }
}

/** Uses an account until it is disabled, then watches that everything of it is refused. */
async function disable(client: Client): Promise<void> {
  const { admin: bearer, endings } = client
  const json = { account: 'guest', scope: 'tiles:read' }
  const created = await client.until(
    'token created (/v1/admin)',
    '/v1/admin/tokens',
    { json, bearer },
    [201],
  )
  const token = created ? readText(created, 'token') : ''
  const exchanged = await client.until(
    'exchange (/v1/auth/token)',
    '/v1/auth/token',
    { method: 'POST', bearer: token },
    [200],
  )
  const access = accessTokenOf(exchanged)
  const session = await signIn(client, 'guest')
  if (!access || !session) throw new Error('The account has no tokens')
  // Every replica has seen them.
  for (const replica of client.replicas())
    for (const probe of [probeTile(token), probeVerify(access), probeSession(session.session)])
      if ((await probe(replica)).status > 204) client.journal.wrong('a valid token was refused')
  const path = '/v1/admin/accounts/guest/disable'
  const asked = { method: 'POST', bearer }
  if (!(await client.until('account disabled (/v1/admin)', path, asked, [204]))) return
  endings.watch('API token of a disabled account', probeTile(token))
  endings.watch('access token of a disabled account', probeVerify(access))
  endings.watch('session of a disabled account', probeSession(session.session))
  endings.watch('refresh token of a disabled account', probeRefresh(session.refresh))
  endings.watch('sign-in of a disabled account', (replica) =>
    ask(`${replica}/token`, toInit({ json: { username: 'guest', password: PASSWORD } })),
  )
}

/** @returns ms until every replica shows the key */
async function rotateKey(client: Client): Promise<number> {
  const { admin: bearer } = client
  const path = '/v1/admin/keys/rotate'
  const asked = { method: 'POST', bearer }
  const rotated = await client.until('key rotated (/v1/admin)', path, asked, [201])
  const rotatedAt = performance.now()
  const kid = rotated ? readText(rotated, 'kid') : ''
  if (!kid) throw new Error('No key was made')
  for (const replica of client.replicas()) {
    let isShown = false
    while (!isShown) {
      const { text } = await ask(`${replica}/.well-known/jwks.json`)
      const keys: unknown = Object(parseJson(text)).keys
      isShown = Array.isArray(keys) && keys.some((key) => Object(key).kid === kid)
      if (performance.now() - rotatedAt > 60_000) throw new Error('The key is not shown')
    }
  }
  return performance.now() - rotatedAt
}
