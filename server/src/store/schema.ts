import type { ColumnType, Generated } from 'kysely'

/** Tables of the store. Ids and JSON are TEXT, times are epoch ms, booleans 0 or 1. */
export interface Tables {
  account: AccountTable
  api_token: ApiTokenTable
  signing_key: SigningKeyTable
  grant: GrantTable
  revocation: RevocationTable
  revocation_sequence: RevocationSequenceTable
  setting: SettingTable
  secret_key: SecretKeyTable
  login_family: LoginFamilyTable
  dataset: DatasetTable
  usage: UsageTable
  audit: AuditTable
  turn: TurnTable
  rate_limit: RateLimitTable
}

/** The owners of tokens. Tokens carry the `org_id`. */
export interface AccountTable {
  name: string
  org_id: string
  email: string | null
  /** Argon2id in PHC form; null if the account cannot sign in. */
  password_hash: string | null
  created_at: number
  /** From then on everything of this account is refused. */
  disabled_at: number | null
  /** Its name stays taken for a while, because temporary Mapbox tokens name it. */
  deleted_at: number | null
}

/** Long-lived tokens, without their strings. */
export interface ApiTokenTable {
  id: string
  account: string
  format: 'jwt' | 'mapbox'
  note: string
  /** Space-separated. */
  scopes: string
  /** JSON array. */
  allowed_urls: string
  created_at: number
  modified_at: number
  last_used_at: number | null
  expires_at: number
  revoked_at: number | null
  /** Mapbox format only, fixed at creation: public or secret. */
  usage: ColumnType<'pk' | 'sk' | null, 'pk' | 'sk' | null | undefined, never>
  /** Mapbox format only: 1 for the account's default token. */
  is_default: ColumnType<number, number | undefined, never>
  /** Mapbox format only: JSON of restrictions that are stored but cannot be checked here. */
  restrictions: ColumnType<string | null, string | null | undefined, string | null>
  /** 1 if it is read-only: it makes and changes nothing. */
  read_only: ColumnType<number, number | undefined, never>
  /** Number of changes of the row: a change is written only if there was no other since it was read. */
  version: ColumnType<number, number | undefined, number>
}

export interface SigningKeyTable {
  kid: string
  algorithm: string
  /** Private JWK as JSON, sealed if there is a key for that: see sealed-columns.ts. */
  private_jwk: string
  created_at: number
  /** The key is published at once, and signs from then on. */
  signs_from: number
  /**
   * When the last API token that it signed expires, in epoch ms; 0 if it signed none. `null` if a version
   * that did not count created the key. Written per API token, never per exchange.
   */
  last_exp: number | null
}

/** Grants that a first run added; the configuration overrides them. */
export interface GrantTable {
  name: string
  /** JSON in the shape of the configuration. */
  settings: string
}

/** Ids whose tokens, and the tokens that came from them, are refused until `expires_at`. */
export interface RevocationTable {
  id: string
  revoked_at: number
  expires_at: number
  /** Set for access tokens, whose number is not bounded by that of API tokens. */
  org_id: string | null
  /** Position in the order of all writes to this table. */
  seq: number
}

/** One row. */
export interface RevocationSequenceTable {
  /** The last `seq`. A writer locks it until its commit, so that commits are in the order of `seq`. */
  value: number
}

export interface SettingTable {
  name: string
  value: string
}

/** Keys with which the broker signs what only it verifies. */
export interface SecretKeyTable {
  /** The purpose, a dot and random digits. */
  id: string
  purpose: string
  /** Base64url, sealed if there is a key for that: see sealed-columns.ts. */
  secret: string
  created_at: number
  /** Null while it signs: one key of each purpose does. */
  replaced_at: number | null
  /** From then on it verifies nothing; null while it signs, and if what it signed has no end. */
  ends_at: number | null
}

/** How often a token was used on a day, for one kind of use. */
export interface UsageTable {
  /** UTC, as in 2026-01-31. */
  day: string
  org_id: string
  /** Id of a long-lived token or of a grant. An access token counts for what it came from. */
  token: string
  use: string
  count: number
}

/** Who did what; written in the transaction of the change. */
export interface AuditTable {
  id: Generated<number>
  at: number
  /** Id of a token or of a user, `cli`, `broker` or `anonymous`. */
  actor: string
  action: string
  target: string
  detail: string
  /** Empty if no request did it; so is `address`. */
  request_id: string
  address: string
  count: ColumnType<number, number | undefined, number>
  /** Minutes since 1970, for entries that count the events of a minute; otherwise null. */
  minute: ColumnType<number | null, number | undefined, never>
}

/** The refresh tokens of one sign-in; only the last one is valid. */
export interface LoginFamilyTable {
  id: string
  account: string
  /** Number of the refresh token that is valid; each rotation adds one. */
  generation: number
  rotated_at: number
  /** Hash of the key with which the client of the last rotation can retry it. */
  retry_key: string | null
  /** Rotation does not change it. */
  expires_at: number
  ended_at: number | null
}

/** The catalogue of files for download. */
export interface DatasetTable {
  /** UUID in lower case. */
  id: string
  name: string
  /** Name of its owner. */
  account: string
  /** Absolute path. */
  path: string
  kind: 'raster' | 'other'
  is_public: number
  /** 1 if it comes from the configuration, which may also remove it. */
  is_configured: number
  created_at: number
}

/** A row for each turn: transactions that lock it run one after another. */
export interface TurnTable {
  name: string
}

/** Limits that count for all replicas, in the form of rate-limiter-flexible; PostgreSQL only. */
export interface RateLimitTable {
  /** A hash: what was typed as a user name may be a password. */
  key: string
  points: number
  /** Epoch ms. */
  expire: number | null
}
