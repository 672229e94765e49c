import { type Budgets, guard, TOKEN_COOKIE, type Verifier } from '@tilepass/guard'
import { Router } from 'express'
import type { Config } from '../../config/schema.ts'
import type { PublicUrl } from '../../http/public-url.ts'
import type { Issuer } from '../../issuer/issuer.ts'
import type { Purpose } from '../../issuer/kinds.ts'
import type { Mint } from '../../issuer/mint.ts'
import { createRegisteredVerifier } from '../../issuer/registered.ts'
import type { SubjectTokens } from '../../issuer/subject-tokens.ts'
import { createOwnVerifier } from '../../issuer/verify.ts'
import { type FailureReporter, isFailure } from '../../observe/failures.ts'
import type { Places } from '../../places/places.ts'
import type { Store } from '../../store/open.ts'
import type { Tileset } from '../../tiles/tileset.ts'
import { createDailyLimit } from '../../usage/daily-limit.ts'
import type { Usage } from '../../usage/usage.ts'
import { createAdminRoutes } from './admin-routes.ts'
import { createBillingRoute } from './billing-route.ts'
import { createGeogErrorHandler } from './errors.ts'
import { createExchangeRoute } from './exchange-route.ts'
import { createPlacesRoute } from './places-route.ts'
import { createTilesRoutes, TILE_RULES } from './tiles-routes.ts'

/** What the Geog surface needs. */
export interface GeogSurface {
  readonly store: Store
  readonly config: Pick<Config, 'geog'>
  readonly subjectTokens: SubjectTokens
  /** Some grant hands its tokens out in a cookie. */
  readonly tokenCookies: boolean
  readonly issuer: Issuer
  readonly mint: Mint
  readonly usage: Usage
  readonly verifier: Verifier
  readonly budgets: Budgets
  readonly tilesets: ReadonlyMap<string, Tileset>
  readonly places: Places | undefined
  readonly publicUrl: PublicUrl
  /** Epoch ms. */
  readonly now: () => number
  readonly report: FailureReporter
}

/** Geog's API: exchange, tiles, places, billing and administration, each behind its scope. */
export function createGeogSurface(surface: GeogSurface): Router {
  const { store, subjectTokens, issuer, mint, usage, verifier, tilesets, places, publicUrl } =
    surface
  const { now, report, budgets } = surface
  const { tilesPerDay } = surface.config.geog
  const onRefusal = (error: unknown) => {
    if (isFailure(error)) report(error)
  }
  const guardFor = (purpose: Purpose, scope: string) =>
    guard({
      verifier: createRegisteredVerifier(store, createOwnVerifier(issuer, purpose)),
      scope,
      onRefusal,
    })

  const router = Router({ caseSensitive: true, strict: true })
  router.use(createExchangeRoute(subjectTokens, now))
  router.use(
    createBillingRoute({ store, usage, guard: guardFor('billing', 'billing:manage'), now }),
  )
  router.use(
    createAdminRoutes({
      store,
      usage,
      guard: guardFor('admin', 'admin:access'),
      getMint: async () => mint,
      now,
    }),
  )
  // Without places and tilesets of our own the host application's routes keep these paths.
  if (places) {
    const placesVerifier = createOwnVerifier(issuer, 'places')
    const placesGuard = guard({ verifier: placesVerifier, scope: 'places:read', onRefusal })
    router.use(createPlacesRoute(places, placesGuard, usage))
  }
  if (tilesets.size > 0) {
    const tileGuard = guard({
      verifier,
      scope: 'tiles:read',
      credentials: { query: 'access_token', ...(surface.tokenCookies && { cookie: TOKEN_COOKIE }) },
      tiles: TILE_RULES,
      budgets,
      onRefusal,
    })
    const limit =
      tilesPerDay === undefined ? undefined : createDailyLimit(usage, 'tiles', tilesPerDay, now)
    router.use(createTilesRoutes({ tilesets, guard: tileGuard, usage, limit, publicUrl }))
  }
  router.use(createGeogErrorHandler(report))
  return router
}
