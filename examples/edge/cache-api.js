import { cachedGuard } from '@tilepass/guard/fetch'
import { answerFromArchive } from './archives.js'

/** The same with the Cache API, for plans and runtimes without Workers Caching: one entrypoint, its own cache. */
export default {
  fetch: cachedGuard(
    (env) => ({
      issuer: env.ISSUER,
      audience: env.ISSUER,
      jwks: env.JWKS,
      scope: 'tiles:read',
      tiles: ['/{tileset}/{z}/{x}/{y}.{ext}', { document: '/{tileset}.json' }],
      cache: { lifetime: 86_400_000, store: () => caches.open('tiles') },
    }),
    answerFromArchive,
  ),
}
