import type { Verifier } from '@tilepass/guard'
import type { BrokerConfig } from '../config/schema.ts'
import type { Issuer } from '../issuer/issuer.ts'
import { createMapboxCheck, type MapboxTokenCheck } from '../issuer/mapbox/check.ts'
import { createMapboxCodec, type MapboxCodec } from '../issuer/mapbox/codec.ts'
import { createTileVerifier } from '../issuer/mapbox/tile-verifier.ts'
import { createOwnVerifier, type OwnVerifier } from '../issuer/verify.ts'
import type { Meter } from '../observe/meter.ts'
import { createPasswords, type Passwords } from '../sessions/passwords.ts'
import { rememberForOutages } from '../store/outage-memory.ts'
import { createRevocations } from '../store/revocations.ts'
import { createLimits, type Limits } from './limits.ts'
import type { Resources } from './open-resources.ts'

/** What a broker has once its issuer is known, and keeps when its configuration is reloaded. */
export interface Core {
  readonly issuer: Issuer
  readonly limits: Limits
  /** Hashes passwords, only so many at the same time. */
  readonly passwords: Passwords
  readonly codec: MapboxCodec
  readonly check: MapboxTokenCheck
  readonly ownVerifier: OwnVerifier
  /** Verifies the tokens that open tiles. */
  readonly verifier: Verifier
}

/** How a core is created. */
export interface CoreOptions {
  /** `iss` and `aud` of its tokens. */
  readonly issuerUrl: string
  /** The configuration that counts now. */
  readonly readConfig: () => BrokerConfig
  readonly meter: Meter | undefined
  /** Epoch ms. */
  readonly now: () => number
}

/** Creates the core of a broker. */
export function createCore(
  { store, keys, mapboxKeys }: Resources,
  { issuerUrl, readConfig, meter, now }: CoreOptions,
): Core {
  const issuer: Issuer = {
    url: issuerUrl,
    keys,
    revocations: createRevocations(store, now),
    now,
    meter,
  }
  const codec = createMapboxCodec(mapboxKeys)
  const check = createMapboxCheck(store, codec, issuer.revocations, now)
  const ownVerifier = createOwnVerifier(issuer, 'tiles')
  const verifier =
    readConfig().surfaces.mapbox === false
      ? ownVerifier
      : createTileVerifier(ownVerifier, rememberForOutages(store, check), issuer)
  return {
    issuer,
    limits: createLimits(readConfig, store),
    passwords: createPasswords(),
    codec,
    check,
    ownVerifier,
    verifier,
  }
}
