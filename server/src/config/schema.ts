import { isPeerRange } from '@tilepass/guard/broker'
import { z } from 'zod'
import { grantSchema } from '../grants/grant.ts'
import { MAX_SESSION_SECONDS } from '../issuer/kinds.ts'
import { DEFAULT_ALGORITHM, SIGNING_ALGORITHMS } from '../issuer/signature.ts'
import { tileRulesSchema } from '../settings/tile-rules.ts'
import { BASE_URL_RULE, isBaseUrl } from '../settings/url.ts'
import { wholeNumber } from '../settings/whole-number.ts'
import { SURFACE_NAMES } from '../surfaces/names.ts'
import type { UpstreamKind } from '../upstreams/kind.ts'
import { UPSTREAM_KINDS } from '../upstreams/kinds.ts'
import { secretSchema } from '../upstreams/secret-source.ts'
import { createUpstreamSchema } from '../upstreams/settings.ts'

const url = z.string().refine(isBaseUrl, { error: BASE_URL_RULE })
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, {
  error: 'must be a name of letters, digits, "-" and "_" that starts with a letter or a digit',
})

const tilesetSchema = z.strictObject({
  path: z.string().min(1).describe('A PMTiles file; relative to the configuration file.'),
  attribution: z.string().optional().describe('Shown by maps; otherwise that of the file.'),
})

const datasetSchema = z.strictObject({
  id: z.guid({ error: 'must be a UUID' }).describe('UUID of its URLs.'),
  path: z.string().min(1).describe('The file; relative to the configuration file.'),
  account: z.string().min(1).describe('Name of the account that owns it.'),
  public: z.boolean().default(false).describe('Whether anyone may download it.'),
})

const perMinute = (count: number) => wholeNumber(1, 1_000_000).default(count)

const loginSchema = z.strictObject({
  perMinute: perMinute(10).describe('Failed sign-ins a minute and account.'),
  addressPerMinute: perMinute(60).describe(
    'Sign-ins a minute and client address, for all accounts together.',
  ),
  sessionSeconds: wholeNumber(1, MAX_SESSION_SECONDS)
    .default(3600)
    .describe('Lifetime of a session token, in seconds.'),
  refreshSeconds: wholeNumber(1, 31_622_400)
    .default(2_592_000)
    .describe('Seconds from a sign-in to the end of its last refresh token.'),
  graceSeconds: wholeNumber(0, 60)
    .default(10)
    .describe(
      'Seconds for which a spent refresh token may be presented again without ending its family.',
    ),
})

const network = z.string().refine(isPeerRange, {
  error: 'must be an address, a network such as "10.0.0.0/8", or "loopback"',
})

const verifySchema = z.strictObject({
  peers: z
    .array(network)
    .min(1)
    .describe('Addresses or networks from which the gateways connect, or `"loopback"`.'),
  tiles: tileRulesSchema
    .optional()
    .describe(
      'Tile rules of the paths behind the gateways, as for the guard. Without them, restricted tokens are refused.',
    ),
  scope: z.string().min(1).default('tiles:read').describe('Scope that a token must have.'),
  credentials: z
    .strictObject({
      query: z.string().min(1).optional().describe('Name of a query parameter.'),
      cookie: z.string().min(1).optional().describe('Name of a cookie.'),
    })
    .optional()
    .describe('Where the token may be, besides the header.'),
  port: wholeNumber(0, 65_535)
    .optional()
    .describe(
      'Port of a separate listener, 0 for a free port. Without it, `/verify` is served with the other routes.',
    ),
  host: z.string().min(1).default('127.0.0.1').describe('Address of the separate listener.'),
})

const metricsSchema = z.strictObject({
  port: wholeNumber(0, 65_535).default(9464).describe('Port of the listener, 0 for a free port.'),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address of the listener. Whoever reaches it reads the metrics.'),
})

const SHARE_RULE = 'must be a number from 0 to 1'

/**
 * Everything that can be configured, with its rules. Its type is inferred; the descriptions are those of
 * the reference and of the JSON Schema.
 */
export function createConfigSchema(kinds: readonly UpstreamKind[] = UPSTREAM_KINDS) {
  return z.strictObject({
    $schema: z
      .string()
      .optional()
      .describe(
        'For editors: the JSON Schema of this file, as in `"./node_modules/@tilepass/broker/tilepass.schema.json"`.',
      ),
    data: z
      .string()
      .min(1)
      .default('./data')
      .describe(
        'Folder of keys, accounts and tokens (`tilepass.db`); relative to the configuration file.',
      ),
    secretKey: secretSchema
      .optional()
      .describe(
        'Where the key is that seals the secrets in the store; several keys, separated by commas or white space: the first seals, all open. Required with PostgreSQL. Default: secrets are not sealed.',
      ),
    databaseUrl: secretSchema
      .optional()
      .describe(
        'URL of a PostgreSQL database for all replicas, in place of the data folder. As it contains a password, it is the source of a secret; or set the environment variable `TILEPASS_DATABASE_URL`.',
      ),
    databaseConnections: wholeNumber(2, 1_000)
      .default(10)
      .describe('Connections of each process to the database at most.'),
    issuer: url
      .optional()
      .describe(
        '`iss` and `aud` of the tokens. Default: `publicUrl`, else the URL of the first run. It is stored in the data folder or the database, and a later start with another one stops.',
      ),
    signing: z
      .strictObject({
        algorithm: z
          .enum(SIGNING_ALGORITHMS)
          .default(DEFAULT_ALGORITHM)
          .describe(
            'Algorithm of new signing keys. An existing store changes to it with the next `tilepass key rotate`; guards elsewhere must accept both until then.',
          ),
      })
      .prefault({})
      .describe('How tokens are signed.'),
    publicUrl: url
      .optional()
      .describe('URL at which clients reach the routes of the broker, mount path included.'),
    host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
    port: wholeNumber(0, 65_535).default(8080).describe('Port, or 0 for a free one.'),
    logLevel: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('Least severe lines of the log.'),
    logTiles: z
      .number({ error: SHARE_RULE })
      .min(0, { error: SHARE_RULE })
      .max(1, { error: SHARE_RULE })
      .default(1)
      .describe(
        'How much of the successful requests for tiles is logged: all (1), a share such as 0.01, or none (0). What was refused or failed is always logged.',
      ),
    metrics: metricsSchema
      .optional()
      .describe(
        'Metrics for Prometheus, at `GET /metrics` of a listener of their own. Default: off.',
      ),
    drainSeconds: wholeNumber(0, 600)
      .default(0)
      .describe(
        'Seconds between the signal to end and the end, during which `/readyz` answers 503 and everything else is served: the time that a load balancer takes to notice.',
      ),
    grants: z
      .record(name, grantSchema)
      .default({})
      .describe(
        'What pages may get at `/map-token`, by name. Pages that name no grant get `default`.',
      ),
    upstreams: z
      .record(name, createUpstreamSchema(kinds))
      .default({})
      .describe('Third-party issuers, by name, for the grants that name them.'),
    tilesets: z
      .record(name, tilesetSchema)
      .default({})
      .describe('Tiles that the broker serves at `/v1/tiles`, by name.'),
    datasets: z
      .record(name, datasetSchema)
      .default({})
      .describe('Files to download, in addition to those of `tilepass dataset add`.'),
    downloadTokensPerMinute: perMinute(60).describe(
      'New download tokens a minute and account, or a minute and address for anonymous clients.',
    ),
    geog: z
      .strictObject({
        tilesPerDay: z
          .int()
          .min(1)
          .optional()
          .describe('Tiles a day (UTC) and organisation. Default: unlimited.'),
        places: z
          .string()
          .min(1)
          .optional()
          .describe(
            'GeoJSON file of points with a `name`, for `/v1/places`; relative to the configuration file.',
          ),
      })
      .prefault({})
      .describe('The Geog API.'),
    surfaces: z
      .partialRecord(z.enum(SURFACE_NAMES), z.boolean())
      .default({})
      .describe('Switches HTTP APIs off: `false` by name.'),
    mapbox: z
      .strictObject({
        requestsPerMinute: z
          .int()
          .min(1)
          .default(120)
          .describe('Requests to the Tokens API a minute and account, in each process.'),
      })
      .prefault({})
      .describe('The Mapbox Tokens API.'),
    login: loginSchema.prefault({}).describe('Sign-in with user name and password.'),
    mapTokenPerMinute: perMinute(600).describe(
      'Requests to `/map-token` a minute and client address, and a minute and account with a session.',
    ),
    trustProxy: z
      .array(network)
      .default([])
      .describe(
        'Addresses or networks of proxies whose `X-Forwarded-For` is trusted, or `"loopback"`. A mounted broker follows the `trust proxy` of its app.',
      ),
    audit: z
      .strictObject({
        retentionDays: wholeNumber(1, 36_500).default(400).describe('Days that entries are kept.'),
        maxRows: wholeNumber(1_000, 1_000_000_000)
          .default(1_000_000)
          .describe('Entries that are kept at most.'),
      })
      .prefault({})
      .describe('How much of the audit trail is kept.'),
    usage: z
      .strictObject({
        retentionDays: wholeNumber(1, 36_500)
          .default(400)
          .describe('Days that counts are kept; those of a token in total cover no more.'),
      })
      .prefault({})
      .describe('How long the counts of usage are kept.'),
    budgets: z
      .strictObject({
        tilesPerToken: wholeNumber(1, 1_000_000_000)
          .optional()
          .describe('Tiles of one token. Default: unlimited.'),
        requestsPerSecond: wholeNumber(1, 1_000_000)
          .optional()
          .describe('Requests a second of one token. Default: unlimited.'),
      })
      .prefault({})
      .describe(
        'Limits of a single token, in each process; `geog.tilesPerDay` limits the organisation.',
      ),
    verify: verifySchema
      .optional()
      .describe('Forward auth at `GET /verify`, for gateways such as nginx. Default: off.'),
    demo: z.boolean().default(false).describe('Creates the account `demo` and its grants.'),
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
