import { createBudgets, type Verifier } from '@tilepass/guard'
import type { Router } from 'express'
import type { BrokerConfig } from '../config/schema.ts'
import { createGrants } from '../grants/grants.ts'
import { createIssuedTokens } from '../grants/issued-tokens.ts'
import { createPipelineLimit } from '../http/pipelining.ts'
import type { PublicUrl } from '../http/public-url.ts'
import { createRouter } from '../http/router.ts'
import { createDownloadAccess } from '../issuer/download-access.ts'
import { createDownloadTokens } from '../issuer/download-tokens.ts'
import type { Issuer } from '../issuer/issuer.ts'
import { createMapboxCheck } from '../issuer/mapbox/check.ts'
import { createMapboxCodec } from '../issuer/mapbox/codec.ts'
import { createTileVerifier } from '../issuer/mapbox/tile-verifier.ts'
import { createMint } from '../issuer/mint.ts'
import { createOrganisationTokens } from '../issuer/organisation-tokens.ts'
import { createSubjectTokens } from '../issuer/subject-tokens.ts'
import { createOwnVerifier } from '../issuer/verify.ts'
import { createRateLimit } from '../limits/rate-limit.ts'
import type { RequestReporter } from '../observe/failures.ts'
import { createDeviceCookies } from '../sessions/device-cookies.ts'
import { createPasswords } from '../sessions/passwords.ts'
import { createSessions } from '../sessions/sessions.ts'
import { createPasswordSignIn } from '../sessions/sign-in.ts'
import { createRevocations } from '../store/revocations.ts'
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
import type { Resources } from './open-resources.ts'

/** How a broker is reached, and what it reports to. */
export interface WireOptions {
  /** `iss` and `aud` of its tokens. */
  readonly issuerUrl: string
  readonly publicUrl: PublicUrl
  /** Creates the reporter of an API, by its name. */
  readonly createReport: (surface: string) => RequestReporter
  /** Epoch ms. */
  readonly now: () => number
}

/** A wired broker. */
export interface Wired {
  readonly issuerUrl: string
  readonly router: Router
  /** The metadata of the OAuth API, for the root of a host. */
  readonly metadataRouter: Router
  /** Refuses the unknown paths of APIs that render this in their own way, if no host application is there. */
  readonly unknownPaths: Router
  /** Verifies the tokens that open tiles. */
  readonly verifier: Verifier
  /** Forward auth, if it has its own listener. */
  readonly verifyRouter: Router | undefined
}

/**
 * Connects issuer, store and surfaces, once per broker: routers, limits, budgets and caches count for
 * the whole process. It contains no rule.
 */
export function wire(
  config: BrokerConfig,
  { store, usage, refusals, tilesets, places, grants, relayedTokens, keys, mapboxKeys }: Resources,
  { issuerUrl, publicUrl, createReport, now }: WireOptions,
): Wired {
  const issuer: Issuer = {
    url: issuerUrl,
    keys,
    revocations: createRevocations(store, now),
    now,
  }
  const mint = createMint(issuer)
  const subjectTokens = createSubjectTokens(store, issuer, usage)
  const { sessionSeconds, refreshSeconds: familySeconds, graceSeconds } = config.login
  const sessions = createSessions(store, issuer, { sessionSeconds, familySeconds, graceSeconds })
  const devices = createDeviceCookies(store, now)
  const codec = createMapboxCodec(mapboxKeys)
  const check = createMapboxCheck(store, codec, issuer.revocations, now)
  const ownVerifier = createOwnVerifier(issuer, 'tiles')
  const verifier =
    config.surfaces.mapbox === false
      ? ownVerifier
      : createTileVerifier(ownVerifier, check, issuerUrl)
  const budgets = createBudgets({ ...config.budgets, now })

  /** A surface is its folder, its name in `surfaces/names.ts`, and its entry here. */
  const surfaces: Readonly<Record<SurfaceName, () => Router>> = {
    'map-token': () =>
      createMapTokenSurface({
        grants: createGrants({
          list: grants,
          issuedTokens: createIssuedTokens(mint, issuer.revocations, now),
          relayedTokens,
          revocations: issuer.revocations,
          now,
        }),
        sessions,
        limit: createRateLimit(config.mapTokenPerMinute),
        sessionLimit: createRateLimit(config.mapTokenPerMinute),
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
        limit: createRateLimit(config.downloadTokensPerMinute),
        report: createReport('geolens'),
      }),
    login: () =>
      createLoginSurface({
        passwordSignIn: createPasswordSignIn({
          store,
          passwords: createPasswords(),
          devices,
          refusals,
          accountLimit: createRateLimit(config.login.perMinute),
          deviceLimit: createRateLimit(config.login.perMinute),
          addressLimit: createRateLimit(config.login.addressPerMinute),
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
        limit: createRateLimit(config.mapbox.requestsPerMinute),
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
  // Also for an app that mounts the broker on a server of its own.
  router.use(createPipelineLimit())
  // Always on: guards on other servers need the key set and the revocations.
  router.use(
    createWellKnownSurface({
      keys,
      revocations: issuer.revocations,
      report: createReport('well-known'),
    }),
  )
  for (const name of SURFACE_NAMES)
    if (config.surfaces[name] !== false) router.use(surfaces[name]())

  const metadataRouter =
    config.surfaces.oauth === false
      ? createRouter()
      : createMetadataRoute({ issuer: issuerUrl, publicUrl, report: createReport('oauth') })
  router.use(metadataRouter)
  const unknownPaths = createUnknownOauthPaths(createReport('oauth'))
  const wired = {
    issuerUrl,
    router,
    metadataRouter,
    unknownPaths,
    verifier,
    verifyRouter: undefined,
  }

  if (!config.verify) return wired
  const { peers, tiles, scope, credentials, port } = config.verify
  const { tilesPerDay } = config.geog
  const verifyRouter = createVerifySurface({
    peers,
    tiles,
    scope,
    credentials,
    verifier,
    budgets: createUsageBudgets({ budgets, usage, tilesPerDay, now }),
    report: createReport('verify'),
  })
  if (port !== undefined) return { ...wired, verifyRouter }
  router.use(verifyRouter)
  return wired
}
