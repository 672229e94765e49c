import { randomBytes } from 'node:crypto'
import { NotFoundError } from '../../errors.ts'
import type { Sender } from '../../http/sender.ts'
import type { Account } from '../../store/accounts.ts'
import {
  type ApiToken,
  addApiToken,
  NEVER,
  type NewApiTokenRow,
  readScopes,
} from '../../store/api-tokens.ts'
import { audited } from '../../store/audit.ts'
import type { Change } from '../../store/changes.ts'
import {
  addDefaultToken,
  deleteMapboxToken,
  findMapboxToken,
  listMapboxTokens,
  type MapboxTokenQuery,
  updateMapboxToken,
} from '../../store/mapbox-tokens.ts'
import type { Store } from '../../store/open.ts'
import { InvalidAllowedUrlsError, InvalidScopesError } from './errors.ts'
import { assertScopes, isPublicScope, PUBLIC_SCOPES } from './scopes.ts'
import { TEMPORARY_TOKEN_ID } from './temporary.ts'

/** What the client chooses about a token. */
export interface MapboxTokenContent {
  readonly note: string
  readonly scopes: readonly string[]
  readonly allowedUrls: readonly string[]
  readonly restrictions: Restrictions
}

/** Restrictions that are stored for the client but cannot be checked here; an empty list is none. */
export interface Restrictions {
  readonly resources?: readonly string[]
  readonly allowedApplications?: readonly { readonly bundleId: string; readonly platform: string }[]
}

/** The account and the token that ask for a change. */
export interface Authority {
  readonly account: Account
  /** The scopes that it may give. */
  readonly scopes: readonly string[]
  /** Id of the token for the audit trail; `undefined` for a temporary token. */
  readonly id: string | undefined
  /** Id of the lasting token that a temporary token came from: the audit trail names that one. */
  readonly parent?: string | undefined
  /** The request that asks; absent on the command line. */
  readonly sender?: Sender
}

/** The lasting Mapbox tokens of the registry, under the rules of their format. */
export interface MapboxRegistry {
  list(account: Account, query: MapboxTokenQuery): Promise<readonly ApiToken[]>
  /**
   * Creates a token: public if all of its scopes are public, otherwise secret.
   *
   * @throws {@link InvalidScopesError}
   */
  create(authority: Authority, content: MapboxTokenContent): Promise<ApiToken>
  /** @throws {@link InvalidScopesError}, {@link InvalidAllowedUrlsError}, {@link NotFoundError} */
  update(authority: Authority, id: string, content: Partial<MapboxTokenContent>): Promise<ApiToken>
  /** Revokes a token; a default token is replaced. @throws {@link NotFoundError} */
  delete(authority: Authority, id: string): Promise<void>
}

/** Creates the registry. A token of another account is not found, like one that does not exist. */
export function createMapboxRegistry(store: Store, now: () => number): MapboxRegistry {
  const createDefaultRow = (account: Account) => createRow(account, DEFAULT_CONTENT, now(), true)
  const auditedBy = <T>(
    { id, parent = TEMPORARY_TOKEN_ID, sender }: Authority,
    action: string,
    target: string,
    run: (change: Change) => Promise<T>,
  ) => audited(store, { at: now(), actor: id ?? parent, sender, action, target }, run)

  return {
    list: async (account, query) => {
      await addDefaultToken(store, createDefaultRow(account))
      return listMapboxTokens(store, account.name, query)
    },

    create: async (authority, content) => {
      const { account, scopes } = authority
      assertScopes(content.scopes, scopes)
      const row = createRow(account, content, now(), false)
      return auditedBy(authority, 'token.create', row.id, async (change) => {
        await addApiToken(change, row)
        return getToken(change, account, row.id)
      })
    },

    update: async (authority, id, content) => {
      const { account } = authority
      return auditedBy(authority, 'token.update', id, async (change) => {
        const current = await getToken(change, account, id)
        assertAllowed(authority, current, content)
        const update = toUpdate(current, content)
        const updated = await updateMapboxToken(change, account.name, id, update, now())
        if (!updated) throw new NotFoundError()
        return updated
      })
    },

    delete: async (authority, id) => {
      const { account } = authority
      await auditedBy(authority, 'token.revoke', id, async (change) => {
        const isDeleted = await deleteMapboxToken(change, account.name, id, now(), () =>
          createDefaultRow(account),
        )
        if (!isDeleted) throw new NotFoundError()
      })
    },
  }
}

const DEFAULT_CONTENT: MapboxTokenContent = {
  note: 'Default public token',
  scopes: PUBLIC_SCOPES,
  allowedUrls: [],
  restrictions: {},
}

async function getToken(change: Change, account: Account, id: string): Promise<ApiToken> {
  const token = await findMapboxToken(change, account.name, id)
  if (!token) throw new NotFoundError()
  return token
}

/** @throws {@link InvalidScopesError}, {@link InvalidAllowedUrlsError} */
function assertAllowed(
  authority: Authority,
  current: ApiToken,
  { scopes, allowedUrls }: Partial<MapboxTokenContent>,
): void {
  if (scopes) {
    assertScopes(scopes, authority.scopes)
    if (!canHaveScopes(current, scopes)) throw new InvalidScopesError()
  }
  // The default token keeps its rights: every public scope, from every page.
  if (current.is_default === 1 && allowedUrls && allowedUrls.length > 0)
    throw new InvalidAllowedUrlsError()
}

function canHaveScopes(current: ApiToken, scopes: readonly string[]): boolean {
  if (current.usage === 'pk' && !scopes.every(isPublicScope)) return false
  const before = readScopes(current)
  // A token that was created without scopes never gains any.
  if (before.length === 0 && scopes.length > 0) return false
  return current.is_default !== 1 || scopes.length === before.length
}

function toUpdate(
  current: ApiToken,
  { note, scopes, allowedUrls, restrictions }: Partial<MapboxTokenContent>,
) {
  return {
    ...(note === undefined ? {} : { note }),
    ...(scopes === undefined ? {} : { scopes: scopes.join(' ') }),
    ...(allowedUrls === undefined ? {} : { allowed_urls: JSON.stringify(allowedUrls) }),
    restrictions: formatRestrictions({ ...readRestrictions(current), ...restrictions }),
  }
}

function createRow(
  account: Account,
  content: MapboxTokenContent,
  now: number,
  isDefault: boolean,
): NewApiTokenRow {
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
  }
}

function readRestrictions({ restrictions }: ApiToken): Restrictions {
  return restrictions === null ? {} : JSON.parse(restrictions)
}

/** JSON of the restrictions that are not empty; `null` if all are. */
function formatRestrictions(restrictions: Restrictions): string | null {
  const kept = Object.entries(restrictions).filter(([, list]) => list.length > 0)
  return kept.length === 0 ? null : JSON.stringify(Object.fromEntries(kept))
}

/** An id in the form that clients of the format expect: `c` and 24 random characters. */
function createId(): string {
  const digits = BigInt(`0x${randomBytes(16).toString('hex')}`).toString(36)
  return `c${digits.padStart(24, '0').slice(-24)}`
}
