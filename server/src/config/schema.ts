import { isPeerRange } from '@tilepass/guard/broker'
import { z } from 'zod'
import { grantSchema } from '../grants/grant.ts'
import { MAX_SESSION_SECONDS } from '../issuer/kinds.ts'
import { tileRulesSchema } from '../settings/tile-rules.ts'
import { BASE_URL_RULE, isBaseUrl } from '../settings/url.ts'
import { wholeNumber } from '../settings/whole-number.ts'
import { SURFACE_NAMES } from '../surfaces/names.ts'
import type { UpstreamKind } from '../upstreams/kind.ts'
import { UPSTREAM_KINDS } from '../upstreams/kinds.ts'
import { createUpstreamSchema } from '../upstreams/settings.ts'

const url = z.string().refine(isBaseUrl, { error: BASE_URL_RULE })
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, {
  error: 'must be a name of letters, digits, "-" and "_" that starts with a letter or a digit',
})

const tilesetSchema = z.strictObject({
  /** A PMTiles file; in a configuration file, relative to it. */
  path: z.string().min(1),
  attribution: z.string().optional(),
})

const datasetSchema = z.strictObject({
  /** UUID of its URLs. */
  id: z.guid({ error: 'must be a UUID' }),
  /** The file; in a configuration file, relative to it. */
  path: z.string().min(1),
  /** Name of the account that owns it. */
  account: z.string().min(1),
  /** May anyone download it? */
  public: z.boolean().default(false),
})

const perMinute = (count: number) => wholeNumber(1, 1_000_000).default(count)

const loginSchema = z.strictObject({
  /** Attempts a minute and account. */
  perMinute: perMinute(10),
  /** Attempts a minute and client address, for all accounts together. */
  addressPerMinute: perMinute(60),
  /** Lifetime of a session token, in seconds. */
  sessionSeconds: wholeNumber(1, MAX_SESSION_SECONDS).default(3600),
  /** Seconds from a sign-in to the end of its last refresh token. */
  refreshSeconds: wholeNumber(1, 31_622_400).default(2_592_000),
  /** Seconds for which a spent refresh token may be presented again without ending its family. */
  graceSeconds: wholeNumber(0, 60).default(10),
})

const network = z.string().refine(isPeerRange, {
  error: 'must be an address, a network such as "10.0.0.0/8", or "loopback"',
})

/** Forward auth: which gateways may ask, and what their paths mean. */
const verifySchema = z.strictObject({
  /** Addresses from which the gateways connect. */
  peers: z.array(network).min(1),
  /** Tile rules of the paths behind the gateways; without them restricted tokens are refused. */
  tiles: tileRulesSchema.optional(),
  /** Scope that a token must have. */
  scope: z.string().min(1).default('tiles:read'),
  /** Where the token may be, besides the header. */
  credentials: z
    .strictObject({ query: z.string().min(1).optional(), cookie: z.string().min(1).optional() })
    .optional(),
  /** Port of a separate listener, 0 for a free port; without it `/verify` is served with the rest. */
  port: wholeNumber(0, 65_535).optional(),
  host: z.string().min(1).default('127.0.0.1'),
})

/** Everything that can be configured, with its rules. Its type is inferred. */
export function createConfigSchema(kinds: readonly UpstreamKind[] = UPSTREAM_KINDS) {
  return z.strictObject({
    /** Folder of keys, accounts and tokens. */
    data: z.string().min(1).default('./data'),
    /**
     * `iss` and `aud` of our tokens; by default `publicUrl`, else the URL of the first run. It is
     * stored, and later runs must agree with it.
     */
    issuer: url.optional(),
    /** URL at which clients reach the broker's routes, mount path included. */
    publicUrl: url.optional(),
    host: z.string().min(1).default('127.0.0.1'),
    port: wholeNumber(0, 65_535).default(8080),
    logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    grants: z.record(name, grantSchema).default({}),
    /** Third-party issuers, for grants that name them. */
    upstreams: z.record(name, createUpstreamSchema(kinds)).default({}),
    tilesets: z.record(name, tilesetSchema).default({}),
    /** Files that can be downloaded, in addition to those of "tilepass dataset add". */
    datasets: z.record(name, datasetSchema).default({}),
    /** New download tokens a minute and account, or a minute and address for anonymous clients. */
    downloadTokensPerMinute: perMinute(60),
    geog: z
      .strictObject({
        /** Tiles a day (UTC) and organisation; by default unlimited. */
        tilesPerDay: z.int().min(1).optional(),
        /** GeoJSON file of named points for `/v1/places`; in a configuration file, relative to it. */
        places: z.string().min(1).optional(),
      })
      .prefault({}),
    /** Switches HTTP APIs off: `false` by name. */
    surfaces: z.partialRecord(z.enum(SURFACE_NAMES), z.boolean()).default({}),
    mapbox: z
      .strictObject({
        /** Requests to the Tokens API a minute and account. */
        requestsPerMinute: z.int().min(1).default(120),
      })
      .prefault({}),
    login: loginSchema.prefault({}),
    /** Requests to `/map-token` a minute and client address, and a minute and session. */
    mapTokenPerMinute: perMinute(600),
    /** Proxies whose `X-Forwarded-For` is trusted. A mounted broker follows its host application. */
    trustProxy: z.array(network).default([]),
    /** How much of the audit trail is kept. */
    audit: z
      .strictObject({
        retentionDays: wholeNumber(1, 36_500).default(400),
        maxRows: wholeNumber(1_000, 1_000_000_000).default(1_000_000),
      })
      .prefault({}),
    /** Limits of a single token; `geog.tilesPerDay` limits the organisation. */
    budgets: z
      .strictObject({
        tilesPerToken: wholeNumber(1, 1_000_000_000).optional(),
        requestsPerSecond: wholeNumber(1, 1_000_000).optional(),
      })
      .prefault({}),
    /** `GET /verify`: tells gateways whether a request may pass. */
    verify: verifySchema.optional(),
    /** Creates the account `demo` and its grants. */
    demo: z.boolean().default(false),
  })
}

/** What is left for a broker whose caller listens and logs. Its type is inferred. */
export function createBrokerSchema(kinds: readonly UpstreamKind[] = UPSTREAM_KINDS) {
  return createConfigSchema(kinds).omit({ host: true, port: true, logLevel: true })
}

/** A valid configuration. */
export type Config = z.output<ReturnType<typeof createConfigSchema>>
/** A configuration as it is written. */
export type ConfigInput = z.input<ReturnType<typeof createConfigSchema>>
/** A valid configuration of a broker, which may or may not listen itself. */
export type BrokerConfig = z.output<ReturnType<typeof createBrokerSchema>>
