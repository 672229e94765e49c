import type { TileClaims } from '@tilepass/guard'
import { decodeProtectedHeader } from 'jose'
import type { Account } from '../store/accounts.ts'
import type { NewApiTokenRow } from '../store/api-tokens.ts'
import { createTokenId, type Mint } from './mint.ts'
import type { Rights } from './narrow.ts'

/** A request for a new API token. */
export interface ApiTokenRequest {
  /** Name of the account that owns it. */
  readonly account: string
  readonly scopes: readonly string[]
  /** Default: a year, or what is left of the token that asks. */
  readonly expiresInSeconds?: number | undefined
  readonly note: string
  /** A read-only token creates nothing. Default `false`. */
  readonly isReadOnly?: boolean
  /** The tiles that it, and the tokens exchanged for it, are restricted to. */
  readonly tiles?: TileClaims | undefined
}

/** A new API token. Its string is shown only once and kept nowhere. */
export interface NewApiToken {
  readonly id: string
  readonly token: string
  /** Epoch ms. */
  readonly expiresAt: number
}

/** A new API token, its row of the registry, and the key that signed it. */
export interface MintedApiToken {
  readonly created: NewApiToken
  readonly row: NewApiTokenRow
  readonly keyId: string | undefined
}

/**
 * Mints an API token. The caller adds the row to the registry, and shows the token only after that.
 *
 * @param account Owner of the token.
 * @param now Epoch ms.
 */
export async function mintApiToken(
  mint: Mint,
  account: Account,
  { scopes, exp, tiles }: Rights & { readonly exp: number },
  { note, isReadOnly = false }: Pick<ApiTokenRequest, 'note' | 'isReadOnly'>,
  now: number,
): Promise<MintedApiToken> {
  const id = createTokenId('tok_')
  const iat = Math.floor(now / 1000)
  const scope = scopes.join(' ')
  const claims = { org_id: account.orgId, token_type: 'api_token', sub: id, scope, iat, exp, tiles }
  const token = await mint(claims)
  const row = {
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
  } as const
  return { created: { id, token, expiresAt: exp * 1000 }, row, keyId: findKeyId(token) }
}

function findKeyId(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid
  } catch {
    return undefined
  }
}
