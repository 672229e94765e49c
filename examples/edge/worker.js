import { WorkerEntrypoint } from 'cloudflare:workers'
import { cachedGuard, toStoredCopy } from '@tilepass/guard/fetch'
import { answerFromArchive } from './archives.js'

/** How long the edge keeps a tile, in ms. */
const lifetime = 86_400_000

/** The only entrypoint that visitors reach: it judges each request, so it is never cached itself. */
export default {
  fetch: cachedGuard(
    (env) => ({
      issuer: env.ISSUER,
      audience: env.ISSUER,
      jwks: env.JWKS,
      scope: 'tiles:read',
      tiles: ['/{tileset}/{z}/{x}/{y}.{ext}', { document: '/{tileset}.json' }],
      cache: { lifetime },
    }),
    (request, _env, ctx, share) => ctx.exports.Tiles({ props: share }).fetch(request),
  ),
}

/** Cached by Cloudflare (wrangler.jsonc): it gets paths and no token, and runs once per tile. */
export class Tiles extends WorkerEntrypoint {
  async fetch(request) {
    const answer = await answerFromArchive(request, this.env)
    return toStoredCopy(answer, lifetime) ?? answer
  }
}
