import { type Budgets, createBudgets, type Verifier } from '@tilepass/guard'
import type { Router } from 'express'
import type { Logger } from 'pino'
import type { BrokerConfig } from '../config/schema.ts'
import type { NamedGrant } from '../grants/grant.ts'
import { createGrants, type Grants } from '../grants/grants.ts'
import { createIssuedTokens } from '../grants/issued-tokens.ts'
import type { RelayedTokens } from '../grants/relayed-tokens.ts'
import { createRouter } from '../http/router.ts'
import { createDownloadAccess } from '../issuer/download-access.ts'
import { createDownloadTokens } from '../issuer/download-tokens.ts'
import { createExchange, type Exchange } from '../issuer/exchange.ts'
import { createMapboxCheck, type MapboxTokenCheck } from '../issuer/mapbox/check.ts'
import { createMapboxCodec, type MapboxCodec } from '../issuer/mapbox/codec.ts'
import { createTileVerifier } from '../issuer/mapbox/tile-verifier.ts'
import { createMint, type Mint } from '../issuer/mint.ts'
import { createOrganisationTokens } from '../issuer/organisation-tokens.ts'
import { createSign, type Sign } from '../issuer/sign.ts'
import type { SigningKeys } from '../issuer/signing-keys.ts'
import { createOwnVerifier, type OwnTokens } from '../issuer/verify.ts'
import { createRateLimit } from '../limits/rate-limit.ts'
import { createFailureReporter, type FailureReporter } from '../observe/failures.ts'
import type { Places } from '../places/places.ts'
import { createPasswords } from '../sessions/passwords.ts'
import { createRefreshTokens } from '../sessions/refresh-tokens.ts'
import { createSessions, type SessionRules, type Sessions } from '../sessions/sessions.ts'
import { createSignInDesk } from '../sessions/sign-in.ts'
import type { Store } from '../store/open.ts'
import { createRevocations } from '../store/revocations.ts'
import { createGeogSurface } from '../surfaces/geog/surface.ts'
import { createGeoLensSurface } from '../surfaces/geolens/surface.ts'
import { createLoginSurface } from '../surfaces/login/surface.ts'
import { createMapTokenSurface } from '../surfaces/map-token/surface.ts'
import { createMapboxSurface } from '../surfaces/mapbox/surface.ts'
import { SURFACE_NAMES, type SurfaceName } from '../surfaces/names.ts'
import { createOauthSurface } from '../surfaces/oauth/surface.ts'
import { createVerifySurface } from '../surfaces/verify/surface.ts'
import { createWellKnownSurface } from '../surfaces/well-known/surface.ts'
import type { Tileset } from '../tiles/tileset.ts'
import type { Usage } from '../usage/usage.ts'
import { createUsageBudgets } from '../usage/usage-budgets.ts'

/** What a broker is put together from. */
export interface Parts {
  readonly store: Store
  readonly config: BrokerConfig
  readonly tilesets: ReadonlyMap<string, Tileset>
  readonly grants: readonly NamedGrant[]
  readonly relayedTokens: RelayedTokens
  readonly keys: SigningKeys
  readonly usage: Usage
  readonly places: Places | undefined
  /** Signs tokens in Mapbox format. */
  readonly mapboxKey: Uint8Array
  readonly logger: Logger
  /** Epoch ms. */
  readonly now: () => number
}

/** Where the broker is: what its tokens call it, and what clients call it. */
export interface Place {
  readonly issuer: string
  /** Base of the URLs in TileJSON. */
  readonly publicUrl: string | undefined
  /** Origin of the configured public URL. */
  readonly ownOrigin: string | undefined
}

/** What every surface can be made from. */
export interface Services extends Parts, Place {
  readonly report: FailureReporter
  readonly mint: Mint
  readonly own: OwnTokens
  readonly exchange: Exchange
  readonly pageGrants: Grants
  readonly sessions: Sessions
  readonly sign: Sign
  readonly codec: MapboxCodec
  readonly mapboxCheck: MapboxTokenCheck
  /** Verifies what opens tiles. */
  readonly verifier: Verifier
  /** What one token may use, on whatever way it comes. */
  readonly budgets: Budgets
}

/** How each surface is made; what is switched off is never called. */
const SURFACES: Readonly<Record<SurfaceName, (services: Services) => Router>> = {
  'map-token': ({ pageGrants, sessions, config, ownOrigin, now, report }) =>
    createMapTokenSurface({
      grants: pageGrants,
      sessions,
      limit: createRateLimit(config.mapTokenPerMinute, now),
      sessionLimit: createRateLimit(config.mapTokenPerMinute, now),
      ownOrigin,
      now,
      report,
    }),
  geog: ({ config, grants, ...services }) =>
    createGeogSurface({
      store: services.store,
      exchange: services.exchange,
      own: services.own,
      mint: services.mint,
      usage: services.usage,
      verifier: services.verifier,
      budgets: services.budgets,
      acceptsTokenCookie: grants.some(({ tokenCookie }) => tokenCookie),
      tilesets: services.tilesets,
      tilesPerDay: config.geog.tilesPerDay,
      places: services.places,
      publicUrl: services.publicUrl,
      now: services.now,
      report: services.report,
    }),
  geolens: ({ store, config, exchange, sessions, usage, own, sign, now, report }) =>
    createGeoLensSurface({
      store,
      exchange,
      sessions,
      usage,
      access: createDownloadAccess(store, createDownloadTokens(own, sign)),
      limit: createRateLimit(config.downloadTokensPerMinute, now),
      report,
    }),
  login: ({ store, sessions, config, now, report }) =>
    createLoginSurface({
      desk: createSignInDesk({
        store,
        passwords: createPasswords(),
        accountLimit: createRateLimit(config.login.perMinute, now),
        addressLimit: createRateLimit(config.login.addressPerMinute, now),
        now,
      }),
      sessions,
      now,
      report,
    }),
  mapbox: ({ store, codec, mapboxCheck, config, publicUrl, usage, now, report }) =>
    createMapboxSurface({
      store,
      codec,
      check: mapboxCheck,
      limit: createRateLimit(config.mapbox.requestsPerMinute, now),
      publicUrl,
      usage,
      now,
      report,
    }),
  oauth: ({ store, exchange, own, usage, issuer, publicUrl, now, report }) =>
    createOauthSurface({
      exchange,
      tokens: createOrganisationTokens(store, createOwnVerifier(own, 'tiles'), now),
      usage,
      issuer,
      publicUrl,
      now,
      report,
    }),
}

/** A broker put together. */
export interface Wired {
  readonly router: Router
  readonly verifier: Verifier
  /** Forward auth, where it has a listener of its own. */
  readonly verifyRouter: Router | undefined
}

/** Connects issuer, store and surfaces; no rule lives here. */
export function wire(parts: Parts, place: Place): Wired {
  const { store, config, keys, logger, now } = parts
  const report = createFailureReporter(logger)
  const mint = createMint(keys, place.issuer)
  const own = { issuer: place.issuer, keys, revocations: createRevocations(store, now), now }
  const codec = createMapboxCodec(parts.mapboxKey)
  const mapboxCheck = createMapboxCheck(store, codec, now)
  const ownVerifier = createOwnVerifier(own, 'tiles')
  const verifier =
    config.surfaces.mapbox === false
      ? ownVerifier
      : createTileVerifier(ownVerifier, mapboxCheck, place.issuer)
  const sign = createSign(keys, place.issuer)
  const services: Services = {
    ...parts,
    ...place,
    report,
    mint,
    sign,
    own,
    codec,
    mapboxCheck,
    verifier,
    budgets: createBudgets({ ...config.budgets, now }),
    exchange: createExchange(store, createOwnVerifier(own, 'exchange'), mint, parts.usage, now),
    sessions: createSessions(
      store,
      createOwnVerifier(own, 'session'),
      sign,
      createRefreshTokens(store, place.issuer, now),
      toSessionRules(config),
      now,
    ),
    pageGrants: createGrants({
      list: parts.grants,
      issuedTokens: createIssuedTokens(mint, own.revocations, now),
      relayedTokens: parts.relayedTokens,
      revocations: own.revocations,
      now,
    }),
  }

  const router = createRouter()
  // Cannot be switched off: guards on other servers need the key set and the revocations.
  router.use(createWellKnownSurface({ keys, store, now, report }))
  for (const name of SURFACE_NAMES)
    if (config.surfaces[name] !== false) router.use(SURFACES[name](services))
  const verifyRouter =
    config.verify &&
    createVerifySurface({
      ...config.verify,
      verifier,
      budgets: createUsageBudgets({
        budgets: services.budgets,
        usage: parts.usage,
        tilesPerDay: config.geog.tilesPerDay,
        now,
      }),
      report,
    })
  const hasOwnListener = config.verify?.port !== undefined
  if (verifyRouter && !hasOwnListener) router.use(verifyRouter)
  return { router, verifier, verifyRouter: hasOwnListener ? verifyRouter : undefined }
}

function toSessionRules({ login }: BrokerConfig): SessionRules {
  const { sessionSeconds, refreshSeconds, graceSeconds } = login
  return { sessionSeconds, familySeconds: refreshSeconds, graceSeconds }
}
