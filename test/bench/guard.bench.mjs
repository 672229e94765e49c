// @ts-check
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { guard } from '@tilepass/guard'
import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { startIssuer } from '../support/bench/issuer.mjs'
import { connectInMemory } from '../support/bench/memory-connection.mjs'

const PAIRS = 7
const BATCHES = 5
const REQUESTS = 400
const TILE = randomBytes(2048)

/** @typedef {'bare' | 'guard' | 'peer'} Kind */

/**
 * One Express route with a tile of 2 kB, behind a handler.
 *
 * @param {import('express').RequestHandler} handler
 * @param {string} token
 * @returns {() => Promise<number>} Measures the CPU time per request, in µs.
 */
function startRoute(handler, token) {
  const app = express()
  app.use(handler)
  app.get('/tile', (_request, response) => {
    response.set('Content-Type', 'application/x-protobuf').send(TILE)
  })
  const head = ['GET /tile HTTP/1.1', 'Host: tiles.example', `Authorization: Bearer ${token}`]
  const request = Buffer.from(`${head.join('\r\n')}\r\n\r\n`)
  const connection = connectInMemory(createServer(app), request, TILE.length)
  return async () => {
    const before = process.cpuUsage()
    await connection.send(REQUESTS)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / REQUESTS
  }
}

export const title = 'The guard'

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const [pairs, batches] = quick ? [1, 1] : [PAIRS, BATCHES]
  const { url: issuer, jwks, token, close } = await startIssuer()
  const verifying = { issuer, audience: issuer }
  const routes = {
    bare: startRoute((_request, _response, next) => next(), token),
    guard: startRoute(guard({ ...verifying, jwks, scope: 'tiles:read', tokenType: null }), token),
    peer: startRoute(auth({ ...verifying, jwksUri: jwks }), token),
  }
  /**
   * The CPU time per request of each kind, in µs: its fastest batch, which was disturbed least.
   *
   * @param {readonly Kind[]} kinds
   */
  const measure = async (kinds) => {
    const cpu = { bare: Infinity, guard: Infinity, peer: Infinity }
    for (let batch = 0; batch < batches; batch++)
      for (const kind of kinds) cpu[kind] = Math.min(cpu[kind], await routes[kind]())
    return cpu
  }
  await measure(['bare', 'guard', 'peer'])
  /** @type {Record<Kind, number>[]} */
  const rounds = []
  for (let round = 0; round < pairs; round++)
    // The order alternates, so that no kind gains from its position.
    rounds.push(
      await measure(round % 2 === 0 ? ['bare', 'guard', 'peer'] : ['peer', 'guard', 'bare']),
    )
  close()
  /** @param {number[]} values */
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(pairs / 2)] ?? Number.NaN
  /** @param {Kind} kind */
  const added = (kind) => median(rounds.map((cpu) => cpu[kind] - cpu.bare)).toFixed(0)
  return [
    {
      name: `guard(), CPU added per request with a known token (${added('guard')} µs)`,
      against: `express-oauth2-jwt-bearer (${added('peer')} µs)`,
      ratio: median(rounds.map(({ bare, guard, peer }) => (guard - bare) / (peer - bare))),
      limit: 0.12,
    },
  ]
}
