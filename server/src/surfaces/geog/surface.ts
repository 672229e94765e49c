import { type Budgets, guard, TOKEN_COOKIE, type Verifier } from '@tilepass/guard'
import type { Router } from 'express'
import { createErrorHandler } from '../../http/error-handler.ts'
import type { PublicUrl } from '../../http/public-url.ts'
import { createRouter } from '../../http/router.ts'
import type { Issuer } from '../../issuer/issuer.ts'
import type { Purpose } from '../../issuer/kinds.ts'
import type { Mint } from '../../issuer/mint.ts'
import { createRegisteredVerifier } from '../../issuer/registered.ts'
import type { SigningAlgorithm } from '../../issuer/signature.ts'
import type { SubjectTokens } from '../../issuer/subject-tokens.ts'
import { createOwnVerifier } from '../../issuer/verify.ts'
import type { RequestReporter } from '../../observe/failures.ts'
import type { Places } from '../../places/places.ts'
import type { Store } from '../../store/open.ts'
import type { Refusals } from '../../store/refusals.ts'
import type { Tileset } from '../../tiles/tileset.ts'
import { createDailyLimit } from '../../usage/daily-limit.ts'
import type { Usage } from '../../usage/usage.ts'
import { renderGeogError } from '../error-bodies.ts'
import { createAdminRoutes } from './admin-routes.ts'
import { createAuditRefusal } from './audit-refusals.ts'
import { createBillingRoute } from './billing-route.ts'
import { createExchangeRoute } from './exchange-route.ts'
import { createPlacesRoute } from './places-route.ts'
import { createTilesRoutes, TILE_RULES } from './tiles-routes.ts'

/** What the Geog surface needs. */
export interface GeogSurfaceParts {
  readonly store: Store
  readonly subjectTokens: SubjectTokens
  readonly issuer: Issuer
  readonly mint: Mint
  /** Of new signing keys. */
  readonly signingAlgorithm: SigningAlgorithm
  readonly usage: Pick<Usage, 'record' | 'recordWithin' | 'flush'>
  readonly refusals: Pick<Refusals, 'record' | 'flush'>
  /** Verifies the tokens that open tiles. */
  readonly verifier: Verifier
  readonly budgets: Budgets
  /** May a tile request carry its token in the cookie? */
  readonly acceptsTokenCookie: boolean
  readonly tilesets: ReadonlyMap<string, Tileset>
  /** Tiles per day and organisation; not limited if absent. */
  readonly tilesPerDay: number | undefined
  readonly places: Places | undefined
  /** Base of the URLs in TileJSON. */
  readonly publicUrl: PublicUrl
  /** Epoch ms. */
  readonly now: () => number
  readonly report: RequestReporter
}

/** Geog's API: exchange, tiles, places, billing and administration, each behind its scope. */
export function createGeogSurface(parts: GeogSurfaceParts): Router {
  const {
    store,
    subjectTokens,
    issuer,
    mint,
    usage,
    refusals,
    tilesets,
    tilesPerDay,
    places,
    publicUrl,
    now,
  } = parts
  const onRefusal = parts.report
  const auditRefusal = createAuditRefusal(refusals, now)
  const guardFor = (purpose: Purpose, scope: string, onRefused: typeof auditRefusal = onRefusal) =>
    guard({
      verifier: createRegisteredVerifier(store, createOwnVerifier(issuer, purpose)),
      scope,
      onRefusal: onRefused,
    })

  const router = createRouter()
  router.use(createExchangeRoute(subjectTokens, now))
  router.use(
    createBillingRoute({ store, usage, guard: guardFor('billing', 'billing:manage'), now }),
  )
  router.use(
    createAdminRoutes({
      store,
      usage,
      refusals,
      guard: guardFor('admin', 'admin:access', (error, request) => {
        onRefusal(error, request)
        auditRefusal(error, request)
      }),
      auditRefusal,
      getMint: async () => mint,
      signingAlgorithm: parts.signingAlgorithm,
      now,
    }),
  )
  // Without places or tilesets, the host application may use these paths itself.
  if (places) {
    const placesVerifier = createOwnVerifier(issuer, 'places')
    const placesGuard = guard({ verifier: placesVerifier, scope: 'places:read', onRefusal })
    router.use(createPlacesRoute({ places, guard: placesGuard, usage }))
  }
  if (tilesets.size > 0) {
    const cookie = parts.acceptsTokenCookie ? { cookie: TOKEN_COOKIE } : {}
    const tileGuard = guard({
      verifier: parts.verifier,
      scope: 'tiles:read',
      credentials: { query: 'access_token', ...cookie },
      tiles: TILE_RULES,
      budgets: parts.budgets,
      onRefusal,
    })
    const limit =
      tilesPerDay === undefined ? undefined : createDailyLimit(usage, 'tiles', tilesPerDay, now)
    router.use(createTilesRoutes({ tilesets, guard: tileGuard, usage, limit, publicUrl }))
  }
  router.use(createErrorHandler(renderGeogError, parts.report))
  return router
}
