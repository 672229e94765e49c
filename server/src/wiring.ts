import type { Verifier } from '@tilepass/guard'
import { Router } from 'express'
import type { Logger } from 'pino'
import { createExchange } from './issuer/exchange.ts'
import { createGrants, type NamedGrant } from './issuer/grants.ts'
import { createMint } from './issuer/mint.ts'
import type { SigningKeys } from './issuer/signing-keys.ts'
import { createOwnVerifier } from './issuer/verify.ts'
import { createAddressLimit } from './limits/address-limit.ts'
import { createFailureReporter } from './observe/failures.ts'
import type { Store } from './store/open.ts'
import { createRevocations } from './store/revocations.ts'
import { createGeogSurface } from './surfaces/geog/surface.ts'
import { createMapTokenSurface } from './surfaces/map-token/routes.ts'
import type { Tileset } from './tiles/tileset.ts'

/** Requests a minute and client address that `/map-token` answers. */
const MAP_TOKEN_LIMIT = 600

/** What a broker is put together from. */
export interface Parts {
  readonly store: Store
  readonly tilesets: ReadonlyMap<string, Tileset>
  readonly grants: readonly NamedGrant[]
  readonly keys: SigningKeys
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

/** A broker put together. */
export interface Wired {
  readonly router: Router
  readonly verifier: Verifier
}

/** Connects issuer, store and surfaces; no rule lives here. */
export function wire(parts: Parts, { issuer, publicUrl, ownOrigin }: Place): Wired {
  const { store, tilesets, keys, logger, now } = parts
  const report = createFailureReporter(logger)
  const mint = createMint(keys, issuer)
  const own = { issuer, keys, revocations: createRevocations(store, now), now }
  const verifier = createOwnVerifier(own, 'tiles')
  const exchange = createExchange(store, createOwnVerifier(own, 'exchange'), mint, now)
  const grants = createGrants(parts.grants, mint, now)

  const router = Router({ caseSensitive: true, strict: true })
  router.use(
    createMapTokenSurface({
      grants,
      limit: createAddressLimit(MAP_TOKEN_LIMIT),
      ownOrigin,
      now,
      report,
    }),
  )
  router.use(
    createGeogSurface({ exchange, jwks: keys.jwks, verifier, tilesets, publicUrl, now, report }),
  )
  return { router, verifier }
}
