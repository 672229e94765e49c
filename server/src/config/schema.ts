import { isIP } from 'node:net'
import { z } from 'zod'
import { anyGrantSchema } from '../grants/grant.ts'
import { findGrantFaults } from '../grants/upstream-fields.ts'
import { MAX_SESSION_SECONDS } from '../issuer/kinds.ts'
import { ConfigError, describeIssues, describeRule } from '../settings/config-error.ts'
import { tileRulesSchema } from '../settings/tile-rules.ts'
import { wholeNumber } from '../settings/whole-number.ts'
import { SURFACE_NAMES } from '../surfaces/names.ts'
import { findMissingSecrets } from '../upstreams/missing-secrets.ts'
import { upstreamSchema } from '../upstreams/settings.ts'
import { readConfigFile } from './file.ts'

const url = z.string().refine(isPublicUrl, {
  error: 'must be an http(s) URL without credentials, query, fragment or a slash at its end',
})
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
  /** May everybody download it? */
  public: z.boolean().default(false),
})

const perMinute = (count: number) => wholeNumber(1, 1_000_000).default(count)

const loginSchema = z.strictObject({
  /** Attempts a minute and account. */
  perMinute: perMinute(10),
  /** Attempts a minute and client address, for whatever accounts. */
  addressPerMinute: perMinute(60),
  /** Lifetime of a session token, in seconds. */
  sessionSeconds: wholeNumber(1, MAX_SESSION_SECONDS).default(3600),
  /** Seconds from a sign-in to the end of its last refresh token. */
  refreshSeconds: wholeNumber(1, 31_622_400).default(2_592_000),
  /** Seconds for which a spent refresh token may turn up again without ending its family. */
  graceSeconds: wholeNumber(0, 60).default(10),
})

const proxy = z.string().refine(isProxy, {
  error: 'must be an address, a network such as "10.0.0.0/8", or "loopback"',
})

/** Forward auth: which gateways may ask about which paths. */
const verifySchema = z.strictObject({
  /** Addresses of gateways, as their connections show them. */
  peers: z.array(proxy).min(1),
  /** What the paths behind the gateways are; without it restricted tokens are refused. */
  tiles: tileRulesSchema.optional(),
  /** The scope that a token must have. */
  scope: z.string().min(1).default('tiles:read'),
  /** Where a token may be besides the header. */
  credentials: z
    .strictObject({ query: z.string().min(1).optional(), cookie: z.string().min(1).optional() })
    .optional(),
  /** A listener of its own, 0 for a free port; without it the route is among the others. */
  port: wholeNumber(0, 65_535).optional(),
  host: z.string().min(1).default('127.0.0.1'),
})

/** Everything that can be configured, with its rules. */
export const configSchema = z.strictObject({
  /** Folder of keys, accounts and tokens. */
  data: z.string().min(1).default('./data'),
  /** `iss` and `aud` of our tokens; unset, the first run's URL for good. */
  issuer: url.optional(),
  /** URL at which clients reach the broker's routes, mount path included. */
  publicUrl: url.optional(),
  host: z.string().min(1).default('127.0.0.1'),
  port: wholeNumber(0, 65_535).default(8080),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  grants: z.record(name, anyGrantSchema).default({}),
  /** Somebody else's issuers, for grants that name them. */
  upstreams: z.record(name, upstreamSchema).default({}),
  tilesets: z.record(name, tilesetSchema).default({}),
  /** Files that can be downloaded, beside those of "tilepass dataset add". */
  datasets: z.record(name, datasetSchema).default({}),
  /** New download tokens a minute and account, or address of nobody in particular. */
  downloadTokensPerMinute: perMinute(60),
  geog: z
    .strictObject({
      /** Tiles a day (UTC) and organisation; without it there is no limit. */
      tilesPerDay: z.int().min(1).optional(),
      /** GeoJSON file of named points for `/v1/places`; in a file, relative to it. */
      places: z.string().min(1).optional(),
    })
    .prefault({}),
  /** HTTP APIs that are switched off: `false` at their name. */
  surfaces: z.partialRecord(z.enum(SURFACE_NAMES), z.boolean()).default({}),
  mapbox: z
    .strictObject({
      /** What the Tokens API answers a minute and account. */
      requestsPerMinute: z.int().min(1).default(120),
    })
    .prefault({}),
  login: loginSchema.prefault({}),
  /** Requests a minute and client address that `/map-token` answers, and a minute and session. */
  mapTokenPerMinute: perMinute(600),
  /** Whose `X-Forwarded-For` is believed. A mounted broker believes what its host app does. */
  trustProxy: z.array(proxy).default([]),
  /** What one token may use; tiles a day and organisation are `geog.tilesPerDay`. */
  budgets: z
    .strictObject({
      tilesPerToken: wholeNumber(1, 1_000_000_000).optional(),
      requestsPerSecond: wholeNumber(1, 1_000_000).optional(),
    })
    .prefault({}),
  /** `GET /verify`: answers gateways whether a request may pass. */
  verify: verifySchema.optional(),
  /** Creates the account `demo` and its grants. */
  demo: z.boolean().default(false),
})

/** A valid configuration. */
export type Config = z.output<typeof configSchema>
/** A configuration as it is written. */
export type ConfigInput = z.input<typeof configSchema>

/**
 * Checks a configuration and fills in the defaults.
 *
 * @throws {@link ConfigError} naming every fault at once.
 */
export function parseConfig(input: unknown): Config {
  return parse(configSchema, input)
}

/** What is left for a broker when it is its caller who listens and logs. */
const brokerSchema = configSchema.omit({ host: true, port: true, logLevel: true })

/** A valid configuration of a broker, which may or may not listen itself. */
export type BrokerConfig = z.output<typeof brokerSchema>

/** The same for settings from code. @throws {@link ConfigError} for the server's own ones, too. */
export function parseBrokerConfig(input: unknown): BrokerConfig {
  return parse(brokerSchema, input)
}

function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input, { error: describeRule })
  const faults = [
    ...(result.success ? [] : describeIssues(result.error.issues, input)),
    ...findGrantFaults(input),
  ]
  if (result.success && faults.length === 0) return result.data
  throw new ConfigError(faults)
}

/** Where settings come from, the strongest first. */
export interface ConfigSources {
  /** Command line flags; those not given are undefined. */
  readonly flags: Readonly<Record<string, string | undefined>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Path of a JSON file. */
  readonly file?: string | undefined
}

const VARIABLES = {
  data: 'TILEPASS_DATA',
  issuer: 'TILEPASS_ISSUER',
  publicUrl: 'TILEPASS_PUBLIC_URL',
  host: 'TILEPASS_HOST',
  port: 'TILEPASS_PORT',
  logLevel: 'TILEPASS_LOG_LEVEL',
} as const

/**
 * Puts flags over environment over file and checks the result.
 *
 * @throws {@link ConfigError}
 */
export function loadConfig({ flags, env, file }: ConfigSources): Config {
  const settings: Record<string, unknown> = file === undefined ? {} : readConfigFile(file)
  for (const [field, variable] of Object.entries(VARIABLES)) {
    const value = flags[field] ?? env[variable]
    if (value === undefined || (value === '' && flags[field] === undefined)) continue
    settings[field] = field === 'port' && /^\d+$/.test(value) ? Number(value) : value
  }
  try {
    return parseConfig(settings)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    // Whoever opens upstreams tells what is missing; with other faults it would not come to that.
    throw new ConfigError([...error.faults, ...findMissingSecrets(settings.upstreams, env)])
  }
}

function isProxy(value: string): boolean {
  if (value === 'loopback') return true
  const [address = '', bits, ...rest] = value.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  )
}

function isPublicUrl(value: string): boolean {
  if (!URL.canParse(value) || /[?#\s]|\/$/.test(value)) return false
  const { protocol, username, password } = new URL(value)
  return (protocol === 'http:' || protocol === 'https:') && !username && !password
}
