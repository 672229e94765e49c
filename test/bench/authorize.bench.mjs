// @ts-check
import { createTokenManager } from '@tilepass/core'
import { ratioOf } from '../support/bench/pairs.mjs'

const TILE = 'https://tiles.example.com/v1/tiles/world/12/2200/1343.mvt'
const TOKEN = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(400)}.${'b'.repeat(342)}`

/** The least code that checks the origin: parses the URL and sets a header. */
function peer() {
  const { origin } = new URL(TILE)
  const headers = { Authorization: `Bearer ${TOKEN}` }
  return origin === 'https://tiles.example.com' ? { url: TILE, headers } : undefined
}

/** @param {string[]} allow */
async function manager(allow) {
  const tokens = createTokenManager(
    async () => Response.json({ access_token: TOKEN, token_type: 'Bearer', expires_in: 3600 }),
    { allow },
  )
  await tokens.getToken()
  return tokens
}

/** @param {number} count The last one covers the tile. */
function listRules(count) {
  const others = Array.from(
    { length: count - 1 },
    (_, index) => `https://tiles.example.com/v1/tiles/set-${index}/`,
  )
  return [...others, 'https://tiles.example.com/v1/']
}

export const title = 'In the page'

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const options = quick ? { pairs: 1, batch: 1_000 } : {}
  const one = await manager(['https://tiles.example.com/v1/'])
  const [few, many] = [await manager(listRules(11)), await manager(listRules(200))]
  const against = 'new URL() and a header'
  return [
    {
      name: 'authorize(), fresh token, 1 rule',
      against,
      ratio: ratioOf(() => one.authorize(TILE), peer, options),
      limit: 0.8,
    },
    {
      name: 'authorize(), fresh token, 11 rules',
      against,
      ratio: ratioOf(() => few.authorize(TILE), peer, options),
      limit: 1,
    },
    {
      name: 'authorize(), fresh token, 200 rules',
      against,
      ratio: ratioOf(() => many.authorize(TILE), peer, options),
      limit: 2,
    },
    {
      name: 'authorize(), URL outside the list',
      against,
      ratio: ratioOf(() => one.authorize('https://basemap.example/1/2/3.png') ?? 0, peer, options),
    },
  ]
}
