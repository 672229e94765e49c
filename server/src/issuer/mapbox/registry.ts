import { randomBytes } from 'node:crypto'
import type { Insertable } from 'kysely'
import { NotFoundError } from '../../errors.ts'
import type { Account } from '../../store/accounts.ts'
import { type ApiToken, addApiToken, NEVER } from '../../store/api-tokens.ts'
import { addAuditEntry } from '../../store/audit.ts'
import {
  addDefaultToken,
  deleteMapboxToken,
  findMapboxToken,
  listMapboxTokens,
  type MapboxTokenQuery,
  readScopes,
  updateMapboxToken,
} from '../../store/mapbox-tokens.ts'
import type { Store } from '../../store/open.ts'
import type { ApiTokenTable } from '../../store/schema.ts'
import { InvalidAllowedUrlsError, InvalidScopesError } from './errors.ts'
import { isMapboxScope, isPublicScope, PUBLIC_SCOPES } from './scopes.ts'

/** What the client chooses about a token. */
export interface MapboxTokenContent {
  readonly note: string
  readonly scopes: readonly string[]
  readonly allowedUrls: readonly string[]
  readonly restrictions: Restrictions
}

/** Restrictions that are kept for the client but cannot be checked here; an empty list is none. */
export interface Restrictions {
  readonly resources?: readonly string[]
  readonly allowedApplications?: readonly { readonly bundleId: string; readonly platform: string }[]
}

/** On whose behalf, and by which token, something is done. */
export interface Authority {
  readonly account: Account
  /** Scopes that it may give. */
  readonly scopes: readonly string[]
  /** Id of the token for the audit trail; a temporary one has none. */
  readonly id: string | undefined
}

/** The lasting Mapbox tokens of the registry, under the rules of their format. */
export interface MapboxRegistry {
  list(account: Account, query: MapboxTokenQuery): Promise<readonly ApiToken[]>
  /**
   * Creates a public or secret token, whichever its scopes make it.
   *
   * @throws {@link InvalidScopesError}
   */
  create(authority: Authority, content: MapboxTokenContent): Promise<ApiToken>
  /** @throws {@link InvalidScopesError}, {@link InvalidAllowedUrlsError}, {@link NotFoundError} */
  update(authority: Authority, id: string, change: Partial<MapboxTokenContent>): Promise<ApiToken>
  /** Revokes a token; the default one gets a successor. @throws {@link NotFoundError} */
  delete(authority: Authority, id: string): Promise<void>
}

/**
 * Creates the rules over the store. Tokens of other accounts answer like absent ones. Each change is
 * in the audit trail before it is made.
 */
export function createMapboxRegistry(store: Store, now: () => number): MapboxRegistry {
  const createDefaultRow = (account: Account) => createRow(account, DEFAULT_CONTENT, now(), true)
  const audit = ({ id }: Authority, action: string, target: string) =>
    addAuditEntry(store, { at: now(), actor: id ?? TEMPORARY, action, target })

  return {
    list: async (account, query) => {
      await addDefaultToken(store, createDefaultRow(account))
      return listMapboxTokens(store, account.name, query)
    },

    create: async (authority, content) => {
      const { account, scopes } = authority
      assertScopes(content.scopes, scopes)
      const row = createRow(account, content, now(), false)
      await audit(authority, 'token.create', row.id)
      await addApiToken(store, row)
      const created = await findMapboxToken(store, account.name, row.id)
      if (!created) throw new NotFoundError()
      return created
    },

    update: async (authority, id, { note, scopes, allowedUrls, restrictions }) => {
      const { account } = authority
      const current = await findMapboxToken(store, account.name, id)
      if (!current) throw new NotFoundError()
      if (scopes) {
        assertScopes(scopes, authority.scopes)
        if (!canBecome(current, scopes)) throw new InvalidScopesError()
      }
      // The default token stays what it is: every public scope, from every page.
      if (current.is_default === 1 && allowedUrls && allowedUrls.length > 0)
        throw new InvalidAllowedUrlsError()
      const change = {
        ...(note === undefined ? {} : { note }),
        ...(scopes === undefined ? {} : { scopes: scopes.join(' ') }),
        ...(allowedUrls === undefined ? {} : { allowed_urls: JSON.stringify(allowedUrls) }),
        restrictions: formatRestrictions({ ...parseRestrictions(current), ...restrictions }),
      }
      await audit(authority, 'token.update', id)
      const updated = await updateMapboxToken(store, account.name, id, change, now())
      if (!updated) throw new NotFoundError()
      return updated
    },

    delete: async (authority, id) => {
      const { account } = authority
      if (!(await findMapboxToken(store, account.name, id))) throw new NotFoundError()
      await audit(authority, 'token.revoke', id)
      const isDeleted = await deleteMapboxToken(store, account.name, id, now(), () =>
        createDefaultRow(account),
      )
      if (!isDeleted) throw new NotFoundError()
    },
  }
}

/** What the audit trail calls temporary tokens, and uses of them are counted for: they have no id. */
export const TEMPORARY = 'mapbox_tk'

const DEFAULT_CONTENT: MapboxTokenContent = {
  note: 'Default public token',
  scopes: PUBLIC_SCOPES,
  allowedUrls: [],
  restrictions: {},
}

/**
 * Are these scopes of the catalogue that the authorizing token has itself?
 *
 * @throws {@link InvalidScopesError}
 */
export function assertScopes(scopes: readonly string[], permitted: readonly string[]): void {
  if (!scopes.every((scope) => isMapboxScope(scope) && permitted.includes(scope)))
    throw new InvalidScopesError()
}

function canBecome(current: ApiToken, scopes: readonly string[]): boolean {
  if (current.usage === 'pk' && !scopes.every(isPublicScope)) return false
  const before = readScopes(current)
  // A token created without scopes never gains any.
  if (before.length === 0 && scopes.length > 0) return false
  return current.is_default !== 1 || scopes.length === before.length
}

function createRow(account: Account, content: MapboxTokenContent, now: number, isDefault: boolean) {
  return {
    id: createId(),
    account: account.name,
    format: 'mapbox',
    usage: content.scopes.every(isPublicScope) ? 'pk' : 'sk',
    is_default: isDefault ? 1 : 0,
    note: content.note,
    scopes: content.scopes.join(' '),
    allowed_urls: JSON.stringify(content.allowedUrls),
    restrictions: formatRestrictions(content.restrictions),
    created_at: now,
    modified_at: now,
    last_used_at: null,
    expires_at: NEVER,
    revoked_at: null,
  } satisfies Insertable<ApiTokenTable>
}

function parseRestrictions({ restrictions }: ApiToken): Restrictions {
  return restrictions === null ? {} : JSON.parse(restrictions)
}

/** JSON of what restricts something, `null` if nothing does. */
function formatRestrictions(restrictions: Restrictions): string | null {
  const kept = Object.entries(restrictions).filter(([, list]) => list.length > 0)
  return kept.length === 0 ? null : JSON.stringify(Object.fromEntries(kept))
}

/** An id in the form that clients of the format know: `c` and 24 characters, random. */
function createId(): string {
  const digits = BigInt(`0x${randomBytes(16).toString('hex')}`).toString(36)
  return `c${digits.padStart(24, '0').slice(-24)}`
}
