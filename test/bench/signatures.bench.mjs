// @ts-check
import { randomUUID } from 'node:crypto'
import { generateKeyPair, jwtVerify, SignJWT } from 'jose'

const ROUNDS = 9
const COUNT = 200
/** The first is what the others are compared with. */
const ALGORITHMS = ['RS256', 'ES256', 'Ed25519']

/**
 * The CPU time of one signature and of one verification of an access token, in µs: that of the fastest
 * round, which was disturbed least.
 *
 * @param {string} algorithm
 * @param {number} rounds
 */
async function measure(algorithm, rounds) {
  const { privateKey, publicKey } = await generateKeyPair(algorithm)
  const issuer = 'https://maps.example'
  const sign = () =>
    new SignJWT({ scope: 'tiles:read', org_id: `org_${randomUUID()}`, token_type: 'api_token' })
      .setProtectedHeader({ alg: algorithm, kid: 'k', typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject(`tok_short_${randomUUID()}`)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey)
  const token = await sign()
  const verify = () =>
    jwtVerify(token, publicKey, { issuer, audience: issuer, algorithms: [algorithm] })
  /** @param {() => Promise<unknown>} work */
  const time = async (work) => {
    const before = process.cpuUsage()
    for (let done = 0; done < COUNT; done++) await work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / COUNT
  }
  const best = { sign: Number.POSITIVE_INFINITY, verify: Number.POSITIVE_INFINITY }
  for (let round = 0; round < rounds; round++) {
    best.sign = Math.min(best.sign, await time(sign))
    best.verify = Math.min(best.verify, await time(verify))
  }
  return best
}

export const title = 'Signatures'

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const measured = []
  for (const algorithm of ALGORITHMS)
    measured.push({ algorithm, ...(await measure(algorithm, quick ? 1 : ROUNDS)) })
  const [rsa, ...others] = measured
  if (!rsa) return []
  return others.flatMap(({ algorithm, ...cost }) =>
    /** @type {const} */ (['sign', 'verify']).map((what) => ({
      name: `${what} with ${algorithm} (${cost[what].toFixed(0)} µs)`,
      against: `RS256 (${rsa[what].toFixed(0)} µs)`,
      ratio: cost[what] / rsa[what],
    })),
  )
}
