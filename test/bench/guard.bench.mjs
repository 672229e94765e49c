import { fork } from 'node:child_process'
import { once } from 'node:events'
import { startIssuer } from './issuer.mjs'
import { load } from './load.mjs'

const PAIRS = 7
const REQUESTS = 2_500
const KINDS = ['bare', 'guard', 'peer']

async function startServer(kind, { url, jwks, token }) {
  const child = fork(new URL('guard-server.mjs', import.meta.url), [kind, url, jwks])
  const [{ port }] = await once(child, 'message')
  const readCpu = async () => {
    child.send('cpu')
    const [{ cpu }] = await once(child, 'message')
    return cpu
  }
  const headers = { authorization: `Bearer ${token}` }
  return {
    /** CPU time per request, in µs. */
    measure: async () => {
      const before = await readCpu()
      await load(`http://127.0.0.1:${port}/tile`, { count: REQUESTS, headers })
      return ((await readCpu()) - before) / REQUESTS
    },
    close: () => child.disconnect(),
  }
}

export async function rows() {
  const issuer = await startIssuer()
  const servers = new Map()
  for (const kind of KINDS) servers.set(kind, await startServer(kind, issuer))
  for (const kind of KINDS) await servers.get(kind).measure()
  const rounds = []
  for (let round = 0; round < PAIRS; round++) {
    const cpu = {}
    // Whoever comes first in a round has no advantage over the whole.
    const order = round % 2 === 0 ? KINDS : KINDS.toReversed()
    for (const kind of order) cpu[kind] = await servers.get(kind).measure()
    rounds.push(cpu)
  }
  for (const server of servers.values()) server.close()
  issuer.close()
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(PAIRS / 2)] ?? Number.NaN
  const added = (kind) => median(rounds.map((cpu) => cpu[kind] - cpu.bare)).toFixed(0)
  return [
    {
      name: `guard(), CPU added per request with a known token (${added('guard')} µs)`,
      against: `express-oauth2-jwt-bearer (${added('peer')} µs)`,
      ratio: median(rounds.map(({ bare, guard, peer }) => (guard - bare) / (peer - bare))),
      limit: 0.15,
    },
  ]
}
