import type { TileClaims } from '@tilepass/guard'
import type { Account } from '../store/accounts.ts'
import { addApiToken } from '../store/api-tokens.ts'
import type { Store } from '../store/open.ts'
import { createTokenId, type Mint } from './mint.ts'

/** What a new API token is to be. */
export interface ApiTokenRequest {
  readonly account: Account
  readonly scopes: readonly string[]
  /** Seconds. */
  readonly expiresInSeconds: number
  readonly note: string
  /** May it look and never make? Default `false`. */
  readonly isReadOnly?: boolean
  /** What its tiles, and those of tokens exchanged for it, are restricted to. */
  readonly tiles?: TileClaims | undefined
}

/** A new API token; its string is shown once and kept nowhere. */
export interface NewApiToken {
  readonly id: string
  readonly token: string
  /** Epoch ms. */
  readonly expiresAt: number
}

/** Mints an API token and enters it in the registry; it counts from when this resolves. */
export async function createApiToken(
  store: Store,
  mint: Mint,
  { account, scopes, expiresInSeconds, note, isReadOnly = false, tiles }: ApiTokenRequest,
  now: number,
): Promise<NewApiToken> {
  const id = createTokenId('tok_')
  const iat = Math.floor(now / 1000)
  const exp = iat + expiresInSeconds
  const scope = scopes.join(' ')
  const token = await mint({ sub: id, orgId: account.orgId, scope, iat, exp, tiles })
  await addApiToken(store, {
    id,
    account: account.name,
    format: 'jwt',
    note,
    scopes: scope,
    allowed_urls: '[]',
    created_at: now,
    modified_at: now,
    last_used_at: null,
    expires_at: exp * 1000,
    revoked_at: null,
    read_only: isReadOnly ? 1 : 0,
  })
  return { id, token, expiresAt: exp * 1000 }
}
