import type { RequestListener } from 'node:http'
import { createVerifier, InvalidTokenError } from '@tilepass/guard'
import { onTestFinished } from 'vitest'
import { createTestIssuer, ISSUER, NOW } from '../../packages/guard/test/support/issuer.ts'
import { fault } from '../support/faults/row.ts'
import { startServer } from '../support/servers/start-server.ts'

const HOUR = 3600
/** For how long each fault lasts, in seconds of the guard's clock. */
const LASTS = 60

/** What a server of keys does wrong. */
const FAULTS: Readonly<Record<string, RequestListener>> = {
  slow: () => undefined,
  failing: (_request, response) => response.writeHead(500).end(),
  huge: (_request, response) => response.end(`{"keys":[],"x":"${'x'.repeat(1_000_000)}"}`),
  endless: (_request, response) => void response.write(`{"keys":[],"x":"${'x'.repeat(60_000)}`),
  redirecting: (_request, response) => response.writeHead(302, { location: '/other' }).end(),
  'hanging up': (_request, response) => void response.destroy(),
  'not JSON': (_request, response) => response.end('<html>'),
}

fault(
  'F10',
  `the key set is ${Object.keys(FAULTS).join(', ')}, each for ${LASTS} s`,
  { short: 100, long: 2_000, unit: 'tokens during each fault' },
  async ({ scale, report }) => {
    const issuer = createTestIssuer()
    let answer: RequestListener = () => undefined
    let requests = 0
    const server = await startServer((request, response) => {
      requests += 1
      answer(request, response)
    })
    onTestFinished(() => server.close())
    const state = { now: NOW }
    const guard = createVerifier({
      issuer: ISSUER,
      audience: ISSUER,
      jwks: `${server.url}/jwks.json`,
      timeout: 1_000,
      cacheSize: 0,
      now: () => state.now,
    })
    const good: RequestListener = (_request, response) => response.end(JSON.stringify(issuer.jwks))
    const sign = (jti: string, header = {}) => {
      const iat = Math.floor(state.now / 1000)
      return issuer.sign({ jti, iat, exp: iat + HOUR }, header)
    }
    const totals = { refused: 0, most: 0, unknownAccepted: 0 }
    for (const [name, next] of Object.entries(FAULTS)) {
      answer = good
      state.now += 100_000
      await guard.verify(sign(name))
      answer = next
      const before = requests
      for (let token = 0; token < scale; token++) {
        state.now += (LASTS * 1000) / scale
        const asked = [guard.verify(sign(`${name} ${token}`))]
        // Meanwhile, clients send unknown kids, for which a guard would have to ask.
        if (token % 10 === 0) asked.push(guard.verify(sign(`${token}`, { kid: `x${token}` })))
        const [valid, unknown] = await Promise.allSettled(asked)
        if (valid?.status !== 'fulfilled') totals.refused += 1
        if (unknown && !isRefusal(unknown)) totals.unknownAccepted += 1
      }
      totals.most = Math.max(totals.most, requests - before)
    }
    report('valid tokens refused', totals.refused, { atMost: 0 })
    report('tokens of unknown keys accepted', totals.unknownAccepted, { atMost: 0 })
    report(`most requests for keys during the ${LASTS} s of a fault`, totals.most, { atMost: 3 })
  },
)

function isRefusal(settled: PromiseSettledResult<unknown>): boolean {
  return settled.status === 'rejected' && settled.reason instanceof InvalidTokenError
}
