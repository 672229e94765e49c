import { NotFoundError, UnavailableError } from '../../errors.ts'
import type { Sender } from '../../http/sender.ts'
import { type Account, lockAccount } from '../../store/accounts.ts'
import { type ApiToken, addApiToken, lockCurrentToken, readScopes } from '../../store/api-tokens.ts'
import { type AuditedChange, audited } from '../../store/audit.ts'
import { revokeDerived } from '../../store/bounded-revocations.ts'
import {
  addDefaultToken,
  deleteMapboxToken,
  findMapboxToken,
  listMapboxTokens,
  type MapboxTokenQuery,
  updateMapboxToken,
} from '../../store/mapbox-tokens.ts'
import type { Connection, Store } from '../../store/open.ts'
import { judgeChange, type Narrowed, narrow, type Rights } from '../narrow.ts'
import { MAX_TEMPORARY_SECONDS, TEMPORARY_TOKEN_ID } from './codec.ts'
import {
  InvalidAllowedUrlsError,
  InvalidExpiresError,
  InvalidScopesError,
  toExceededError,
} from './errors.ts'
import type { Restrictions } from './restrictions.ts'
import { createDefaultRow, createRow, readRights, toUpdate } from './rows.ts'
import { assertScopes, isPublicScope } from './scopes.ts'

/** What the client wants to change about a token; the rest stays as it is. */
export interface MapboxTokenChange extends Restrictions {
  readonly note?: string
  readonly scopes?: readonly string[]
  readonly allowedUrls?: readonly string[]
}

/** What the client chooses about a new token. Restrictions that are left out are inherited. */
export interface NewMapboxToken extends MapboxTokenChange {
  readonly note: string
  readonly scopes: readonly string[]
}

/** The account and the token that ask for a change, and what that token permits. */
export interface Authority extends Rights {
  readonly account: Account
  /** Id of the token for the audit trail; `undefined` for a temporary token. */
  readonly id: string | undefined
  /** The request that asks; absent on the command line. */
  readonly sender?: Sender
}

/** The lasting Mapbox tokens of the registry, under the rules of their format. */
export interface MapboxRegistry {
  list(account: Account, query: MapboxTokenQuery): Promise<readonly ApiToken[]>
  /**
   * Creates a token: public if all of its scopes are public, otherwise secret. It is never wider than
   * the authority.
   *
   * @throws {@link InvalidScopesError}, {@link InvalidAllowedUrlsError}, `InvalidRestrictionError`;
   *   {@link InvalidExpiresError} for a temporary authority, which nothing may outlive.
   */
  create(authority: Authority, wanted: NewMapboxToken): Promise<ApiToken>
  /** The same for an operator; creates the default token of the account as well, if it has none. */
  createByOperator(account: Account, wanted: NewMapboxToken): Promise<ApiToken>
  /** @throws the same, and {@link NotFoundError} */
  update(authority: Authority, id: string, wanted: MapboxTokenChange): Promise<ApiToken>
  /** Revokes a token; a default token is replaced. @throws {@link NotFoundError}, {@link InvalidExpiresError} */
  delete(authority: Authority, id: string): Promise<void>
}

/** How often an update is tried that others overtake. */
const MAX_ATTEMPTS = 10

/** 503: the token has changed since it was read. It undoes the attempt. */
class OvertakenError extends UnavailableError {}

/** Creates the registry. A token of another account is not found, like one that does not exist. */
export function createMapboxRegistry(store: Store, now: () => number): MapboxRegistry {
  const auditedBy = <T>(
    { account, id = TEMPORARY_TOKEN_ID, sender }: Pick<Authority, 'account' | 'id' | 'sender'>,
    action: string,
    target: string,
    run: (change: AuditedChange) => Promise<T>,
  ) =>
    audited(store, { at: now(), actor: id, sender, action, target }, async (change) => {
      await assertStillActive(change, account)
      if (id !== 'cli' && !(await lockCurrentToken(change, id))) throw new UnavailableError()
      return run(change)
    })

  /** @throws {@link OvertakenError} */
  const tryUpdate = (authority: Authority, id: string, wanted: MapboxTokenChange) =>
    auditedBy(authority, 'token.update', id, async (change) => {
      const { account } = authority
      const current = await getToken(change, account, id)
      assertAllowed(authority, current, wanted)
      const updated = await updateMapboxToken(change, current, toUpdate(current, wanted), now())
      if (!updated) throw new OvertakenError()
      return updated
    })

  return {
    list: (account, query) => listMapboxTokens(store, account.name, query),

    create: async (authority, { note, ...wanted }) => {
      assertLasting(authority)
      assertScopes(wanted.scopes, authority.scopes)
      const rights = getRights(narrow(authority, wanted))
      const row = createRow(authority.account.name, note, rights, now())
      return auditedBy(authority, 'token.create', row.id, async (change) => {
        await addApiToken(change, row)
        return getToken(change, authority.account, row.id)
      })
    },

    createByOperator: async (account, { note, ...rights }) => {
      assertScopes(rights.scopes, rights.scopes)
      const row = createRow(account.name, note, rights, now())
      return auditedBy({ account, id: 'cli' }, 'token.create', row.id, async (change) => {
        const added = await addDefaultToken(change, createDefaultRow(account.name, now()))
        if (added) await change.audit({ action: 'token.create', target: added })
        await addApiToken(change, row)
        return getToken(change, account, row.id)
      })
    },

    update: async (authority, id, wanted) => {
      assertLasting(authority)
      for (let attempt = 1; ; attempt++) {
        try {
          return await tryUpdate(authority, id, wanted)
        } catch (error) {
          if (!(error instanceof OvertakenError) || attempt === MAX_ATTEMPTS) throw error
        }
      }
    },

    delete: async (authority, id) => {
      assertLasting(authority)
      const { account } = authority
      await auditedBy(authority, 'token.revoke', id, async (change) => {
        const successor = createDefaultRow(account.name, now())
        const deleted = await deleteMapboxToken(change, account.name, id, successor, now())
        if (!deleted) throw new NotFoundError()
        // Its temporary tokens end with it.
        const expiresAt = now() + MAX_TEMPORARY_SECONDS * 1000
        await revokeDerived(change, now(), { id, orgId: account.orgId, expiresAt })
        if (deleted.successor)
          await change.audit({ action: 'token.create', target: deleted.successor })
      })
    },
  }
}

/** @throws {@link UnavailableError} if the account has been disabled or deleted since it was read. */
async function assertStillActive(change: AuditedChange, { name, orgId }: Account): Promise<void> {
  const account = await lockAccount(change, name)
  if (account?.orgId !== orgId || account.disabledAt !== undefined) throw new UnavailableError()
}

/** Lasting tokens never end, so a temporary token can neither create nor change them. */
function assertLasting({ exp }: Authority): void {
  if (exp !== undefined)
    throw new InvalidExpiresError('may not be greater than the expiration of the authorizing token')
}

function getRights({ rights, exceeded }: Narrowed): Rights {
  if (!rights) throw toExceededError(exceeded)
  return rights
}

async function getToken(connection: Connection, account: Account, id: string): Promise<ApiToken> {
  const token = await findMapboxToken(connection, account.name, id)
  if (!token) throw new NotFoundError()
  return token
}

function assertAllowed(
  authority: Authority,
  current: ApiToken,
  { note: _, ...wanted }: MapboxTokenChange,
): void {
  const { scopes, allowedUrls } = wanted
  if (scopes) {
    // The API wants the authorizing token to have every scope of an update, even of one that narrows.
    assertScopes(scopes, authority.scopes)
    if (!canHaveScopes(current, scopes)) throw new InvalidScopesError()
  }
  // The default token keeps its rights: every public scope, from every page.
  if (current.is_default === 1 && allowedUrls && allowedUrls.length > 0)
    throw new InvalidAllowedUrlsError()
  getRights(judgeChange(authority, readRights(current), wanted))
}

function canHaveScopes(current: ApiToken, scopes: readonly string[]): boolean {
  if (current.usage === 'pk' && !scopes.every(isPublicScope)) return false
  const before = readScopes(current)
  // A token that was created without scopes never gains any.
  if (before.length === 0 && scopes.length > 0) return false
  return current.is_default !== 1 || scopes.length === before.length
}
