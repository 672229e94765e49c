/** Tables of the store. Ids and JSON are TEXT, times are epoch ms, booleans 0 or 1. */
export interface Tables {
  account: AccountTable
  api_token: ApiTokenTable
  signing_key: SigningKeyTable
  grant: GrantTable
  revocation: RevocationTable
  setting: SettingTable
}

/** Who owns tokens; `org_id` is what tokens call it. */
export interface AccountTable {
  name: string
  org_id: string
  email: string | null
  /** Argon2id in PHC form; null when the account cannot sign in. */
  password_hash: string | null
  created_at: number
}

/** Long-lived tokens: what they are, never their strings. */
export interface ApiTokenTable {
  id: string
  account: string
  format: 'jwt'
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
}

export interface SigningKeyTable {
  kid: string
  algorithm: string
  /** Private JWK as JSON; the folder's and file's modes protect it. */
  private_jwk: string
  created_at: number
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
