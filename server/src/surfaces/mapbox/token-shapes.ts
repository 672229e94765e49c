import type { MapboxCheck } from '../../issuer/mapbox/check.ts'
import type { MapboxCodec } from '../../issuer/mapbox/codec.ts'
import type { TemporaryToken } from '../../issuer/mapbox/temporary.ts'
import { type ApiToken, readAllowedUrls, readScopes } from '../../store/api-tokens.ts'

/** When a token's metadata is shown: only the response to its creation has the string of a secret token. */
export type Occasion = 'created' | 'later'

/** A token's metadata object. */
export function toMetadata(codec: MapboxCodec, row: ApiToken, occasion: Occasion): object {
  const allowedUrls = readAllowedUrls(row)
  const usage = row.usage ?? 'sk'
  const isShown = usage === 'pk' || occasion === 'created'
  return {
    client: 'api',
    note: row.note,
    usage,
    id: row.id,
    default: row.is_default === 1,
    scopes: readScopes(row),
    created: new Date(row.created_at).toISOString(),
    modified: new Date(row.modified_at).toISOString(),
    ...(allowedUrls.length === 0 ? {} : { allowedUrls }),
    ...(row.restrictions === null ? {} : JSON.parse(row.restrictions)),
    ...(isShown ? { token: codec.writeReference(usage, { u: row.account, a: row.id }) } : {}),
  }
}

/** A new temporary token: `token` as documented, and the members that newer clients read. */
export function toTemporary({ token, issuedAt, expiresAt }: TemporaryToken): object {
  return {
    token,
    issued_at: new Date(issuedAt).toISOString(),
    expires: new Date(expiresAt).toISOString(),
    expires_in: (expiresAt - issuedAt) / 1000,
  }
}

/** The response of "Retrieve a token": the code, and the token as an object if it can be parsed. */
export function toRetrieved({ code, parsed }: MapboxCheck): object {
  if (!parsed) return { code }
  const { usage, payload } = parsed
  if (usage !== 'tk') return { code, token: { usage, user: payload.u, authorization: payload.a } }
  return {
    code,
    token: {
      usage,
      user: payload.u,
      expires: new Date(payload.exp * 1000).toISOString(),
      created: new Date(payload.iat * 1000).toISOString(),
      scopes: payload.scopes,
      client: payload.client,
    },
  }
}
