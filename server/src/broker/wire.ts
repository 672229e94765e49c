import type { Budgets } from '@tilepass/guard'
import type { Router } from 'express'
import type { BrokerConfig } from '../config/schema.ts'
import type { NamedGrant } from '../grants/grant.ts'
import { createGrants } from '../grants/grants.ts'
import { createIssuedTokens } from '../grants/issued-tokens.ts'
import type { PublicUrl } from '../http/public-url.ts'
import { createRouteTable, type FindRoute, type RoutesOf } from '../http/route-table.ts'
import { createRouter } from '../http/router.ts'
import { createDownloadAccess } from '../issuer/download-access.ts'
import { createDownloadTokens } from '../issuer/download-tokens.ts'
import { createMint } from '../issuer/mint.ts'
import { createOrganisationTokens } from '../issuer/organisation-tokens.ts'
import { createSubjectTokens } from '../issuer/subject-tokens.ts'
import type { RequestReporter } from '../observe/failures.ts'
import { createDeviceCookies } from '../sessions/device-cookies.ts'
import { createSessions } from '../sessions/sessions.ts'
import { createPasswordSignIn } from '../sessions/sign-in.ts'
import { createGeogSurface } from '../surfaces/geog/surface.ts'
import { createGeoLensSurface } from '../surfaces/geolens/surface.ts'
import { createLoginSurface } from '../surfaces/login/surface.ts'
import { createMapTokenSurface } from '../surfaces/map-token/surface.ts'
import { createMapboxSurface } from '../surfaces/mapbox/surface.ts'
import { SURFACE_NAMES, type SurfaceName } from '../surfaces/names.ts'
import { createMetadataRoute } from '../surfaces/oauth/metadata.ts'
import { createOauthSurface, createUnknownOauthPaths } from '../surfaces/oauth/surface.ts'
import { createVerifySurface } from '../surfaces/verify/surface.ts'
import { createWellKnownSurface } from '../surfaces/well-known/surface.ts'
import { createUsageBudgets } from '../usage/usage-budgets.ts'
import type { Core } from './core.ts'
import type { Resources } from './open-resources.ts'

/** What is wired: settings that a reload can change, and what stays. */
export interface WireOptions {
  readonly config: BrokerConfig
  readonly grants: readonly NamedGrant[]
  readonly resources: Resources
  readonly core: Core
  /** The limits of single tokens. */
  readonly budgets: Budgets
  readonly publicUrl: PublicUrl
  /** Creates the reporter of an API, by its name. */
  readonly createReport: (surface: string) => RequestReporter
}

/** A wired broker. */
export interface Wired {
  readonly router: Router
  /** The metadata of the OAuth API, for the root of a host. */
  readonly metadataRouter: Router
  /** Refuses the unknown paths of APIs that render this in their own way, if no host application is there. */
  readonly unknownPaths: Router
  /** Forward auth, if it has its own listener. */
  readonly verifyRouter: Router | undefined
  /** Finds the routes of all of them. */
  readonly findRoute: FindRoute
}

/** Connects issuer, store and surfaces for a configuration. It contains no rule. */
export function wire(options: WireOptions): Wired {
  const { config, grants, resources, core, budgets, publicUrl, createReport } = options
  const { store, usage, refusals, tilesets, places, relayedTokens, keys } = resources
  const { issuer, limits, passwords, codec, check, ownVerifier, verifier } = core
  const { url: issuerUrl, now, meter } = issuer
  const mint = createMint(issuer)
  const subjectTokens = createSubjectTokens(store, issuer, usage)
  const { sessionSeconds, refreshSeconds: familySeconds, graceSeconds } = config.login
  const sessions = createSessions(store, issuer, { sessionSeconds, familySeconds, graceSeconds })
  const devices = createDeviceCookies(store, now)

  /** A surface is its folder, its name in `surfaces/names.ts`, and its entry here. */
  const surfaces: Readonly<Record<SurfaceName, () => Router>> = {
    'map-token': () =>
      createMapTokenSurface({
        grants: createGrants({
          list: grants,
          issuedTokens: createIssuedTokens(mint, issuer.revocations, now),
          relayedTokens,
          revocations: issuer.revocations,
          meter,
          now,
        }),
        sessions,
        limit: limits.mapToken,
        sessionLimit: limits.mapTokenSession,
        getOwnOrigin: () => new URL(publicUrl.current ?? issuerUrl).origin,
        now,
        report: createReport('map-token'),
      }),
    geog: () =>
      createGeogSurface({
        store,
        subjectTokens,
        issuer,
        mint,
        signingAlgorithm: config.signing.algorithm,
        usage,
        refusals,
        verifier,
        budgets,
        acceptsTokenCookie: grants.some(({ tokenCookie }) => tokenCookie),
        tilesets,
        tilesPerDay: config.geog.tilesPerDay,
        places,
        publicUrl,
        now,
        report: createReport('geog'),
      }),
    geolens: () =>
      createGeoLensSurface({
        store,
        subjectTokens,
        sessions,
        usage,
        access: createDownloadAccess(store, createDownloadTokens(issuer)),
        limit: limits.downloadToken,
        report: createReport('geolens'),
      }),
    login: () =>
      createLoginSurface({
        passwordSignIn: createPasswordSignIn({
          store,
          passwords,
          devices,
          refusals,
          accountLimit: limits.signInAccount,
          deviceLimit: limits.signInDevice,
          addressLimit: limits.signInAddress,
          now,
        }),
        sessions,
        devices,
        now,
        report: createReport('login'),
      }),
    mapbox: () =>
      createMapboxSurface({
        store,
        codec,
        check,
        limit: limits.mapbox,
        publicUrl,
        now,
        usage,
        report: createReport('mapbox'),
      }),
    oauth: () =>
      createOauthSurface({
        subjectTokens,
        tokens: createOrganisationTokens(store, ownVerifier, now),
        usage,
        issuer,
        report: createReport('oauth'),
      }),
  }

  const router = createRouter()
  const routes: RoutesOf[] = []
  const add = (surface: string, added: Router) => {
    router.use(added)
    routes.push({ surface, router: added })
  }
  // Always on: guards on other servers need the key set and the revocations.
  add(
    'well-known',
    createWellKnownSurface({
      keys,
      revocations: issuer.revocations,
      report: createReport('well-known'),
    }),
  )
  for (const name of SURFACE_NAMES) if (config.surfaces[name] !== false) add(name, surfaces[name]())

  const metadataRouter =
    config.surfaces.oauth === false
      ? createRouter()
      : createMetadataRoute({ issuer: issuerUrl, publicUrl, report: createReport('oauth') })
  add('oauth', metadataRouter)
  const unknownPaths = createUnknownOauthPaths(createReport('oauth'))
  const { tilesPerDay } = config.geog
  const verify =
    config.verify &&
    createVerifySurface({
      ...config.verify,
      verifier,
      budgets: createUsageBudgets({ budgets, usage, tilesPerDay, now }),
      report: createReport('verify'),
    })
  const hasOwnListener = config.verify?.port !== undefined
  if (verify && hasOwnListener) routes.push({ surface: 'verify', router: verify })
  else if (verify) add('verify', verify)
  return {
    router,
    metadataRouter,
    unknownPaths,
    verifyRouter: hasOwnListener ? verify : undefined,
    findRoute: createRouteTable(routes),
  }
}
