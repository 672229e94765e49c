import type { ColumnType, Generated } from 'kysely'

/** Tables of the store. Ids and JSON are TEXT, times are epoch ms, booleans 0 or 1. */
export interface Tables {
  account: AccountTable
  api_token: ApiTokenTable
  signing_key: SigningKeyTable
  grant: GrantTable
  revocation: RevocationTable
  setting: SettingTable
  login_family: LoginFamilyTable
  dataset: DatasetTable
  usage: UsageTable
  audit: AuditTable
}

/** Who owns tokens; `org_id` is what tokens call it. */
export interface AccountTable {
  name: string
  org_id: string
  email: string | null
  /** Argon2id in PHC form; null when the account cannot sign in. */
  password_hash: string | null
  created_at: number
  /** Since when everything of this account is refused. */
  disabled_at: number | null
}

/** Long-lived tokens: what they are, never their strings. */
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
  /** Mapbox format only: JSON of restrictions that are kept but that no surface can check. */
  restrictions: ColumnType<string | null, string | null | undefined, string | null>
  /** 1 if it may look and never make: GeoLens mints nothing for it. */
  read_only: ColumnType<number, number | undefined, never>
}

export interface SigningKeyTable {
  kid: string
  algorithm: string
  /** Private JWK as JSON; the folder's and file's modes protect it. */
  private_jwk: string
  created_at: number
  /** Published from the start, it signs from here on. */
  signs_from: number
}

/** Grants seeded on a first run; those of the configuration come before them. */
export interface GrantTable {
  name: string
  /** JSON as in the configuration. */
  settings: string
}

/** Ids whose tokens, and whose children, are refused until `expires_at`. */
export interface RevocationTable {
  id: string
  revoked_at: number
  expires_at: number
}

export interface SettingTable {
  name: string
  value: string
}

/** How often a token was used on a day, for one kind of use. */
export interface UsageTable {
  /** UTC, as in 2026-01-31. */
  day: string
  org_id: string
  /** Id of a long-lived token or of a grant; access tokens count for what they came from. */
  token: string
  use: string
  count: number
}

/** Who changed what; written before the change is made. */
export interface AuditTable {
  id: Generated<number>
  at: number
  /** Id of a token, or `cli`. */
  actor: string
  action: string
  target: string
}

/** What began with one sign-in: a chain of refresh tokens of which only the last is good. */
export interface LoginFamilyTable {
  id: string
  account: string
  /** Number of the refresh token that is good; each rotation adds one. */
  generation: number
  rotated_at: number
  /** Hash of the key by which the client of the last rotation can prove a retry. */
  retry_key: string | null
  /** Rotation does not move it. */
  expires_at: number
  ended_at: number | null
}

/** The catalogue of files that can be downloaded. */
export interface DatasetTable {
  /** UUID in lower case. */
  id: string
  name: string
  /** Its owner. */
  account: string
  /** Absolute. */
  path: string
  kind: 'raster' | 'other'
  is_public: number
  /** 1 if the configuration lists it, and takes it away again. */
  is_configured: number
  created_at: number
}
