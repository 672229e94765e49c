import type { KeySummary } from '../issuer/key-rotation.ts'
import type { SecretKeySummary } from '../issuer/secret-key-rotation.ts'
import type { Account } from '../store/accounts.ts'
import { NEVER, readScopes } from '../store/api-tokens.ts'
import type { AuditEntry } from '../store/audit.ts'
import type { Dataset } from '../store/datasets.ts'
import type { UsedToken } from './tokens.ts'

/** An account as the admin API and `--json` show it; so do the functions below. */
export function toAccountJson({ name, orgId, email, disabledAt }: Account) {
  return { name, org_id: orgId, email: email ?? null, disabled: toIso(disabledAt) }
}

/** A token of the registry, without its string. */
export function toTokenJson(token: UsedToken) {
  return {
    id: token.id,
    account: token.account,
    format: token.format,
    note: token.note,
    scopes: readScopes(token),
    created: toIso(token.created_at),
    modified: toIso(token.modified_at),
    expires: toIso(token.expires_at),
    revoked: toIso(token.revoked_at),
    last_used: toIso(token.last_used_at),
    used_today: token.usedToday,
    used_total: token.usedTotal,
  }
}

/** A signing key, without its secret. */
export function toKeyJson({ kid, algorithm, created_at, signs_from, state }: KeySummary) {
  return { kid, algorithm, created: toIso(created_at), signs_from: toIso(signs_from), state }
}

/** A secret key, without its secret. */
export function toSecretKeyJson({ id, created_at, replaced_at, ends_at }: SecretKeySummary) {
  return { id, created: toIso(created_at), replaced: toIso(replaced_at), ends: toIso(ends_at) }
}

/** A dataset. */
export function toDatasetJson(dataset: Dataset) {
  const { id, name, account, path, kind, is_public, created_at } = dataset
  return { id, name, account, path, kind, public: is_public === 1, created: toIso(created_at) }
}

/** An entry of the audit trail. */
export function toAuditJson({ id, at, actor, action, target, detail, count, sender }: AuditEntry) {
  const request = { request_id: sender?.requestId ?? null, address: sender?.address || null }
  return { id, at: toIso(at), actor, action, target, detail, count, ...request }
}

// `NEVER` stands for tokens that never expire.
function toIso(epochMs: number | null | undefined): string | null {
  if (epochMs === null || epochMs === undefined || epochMs >= NEVER) return null
  return new Date(epochMs).toISOString()
}
