import type { Selectable } from 'kysely'
import type { AuditedChange } from './audit.ts'
import { LONGEST_DERIVED_LIFETIME, revokeAllDerived } from './bounded-revocations.ts'
import { getEarlierNow } from './earlier-clock.ts'
import type { Connection } from './open.ts'
import type { LoginFamilyTable } from './schema.ts'

/** The refresh tokens and sessions that came from one sign-in. */
export type LoginFamily = Readonly<Selectable<LoginFamilyTable>>

/**
 * How many families are revoked one by one. Ending more takes one epoch for the whole organisation:
 * guards read each revocation, and a user can sign in any number of times.
 */
const MOST_REVOKED = 100

/**
 * Opens a family, unless the password of the account has changed since it was checked: a sign-in that
 * is overtaken by a change of password must not survive it.
 */
export async function openFamily(
  { db }: Connection,
  family: LoginFamily,
  passwordHash: string,
): Promise<boolean> {
  // Compared by an update, which waits for a change of the password and makes it wait: then that change
  // sees this family, and ends it.
  const { numUpdatedRows } = await db
    .updateTable('account')
    .set({ password_hash: passwordHash })
    .where('name', '=', family.account)
    .where('password_hash', '=', passwordHash)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  await db
    .deleteFrom('login_family')
    .where('account', '=', family.account)
    .where('expires_at', '<=', getEarlierNow({ db }, family.rotated_at))
    .execute()
  await db.insertInto('login_family').values(family).execute()
  return true
}

/** Finds a family by id, ended or not. */
export async function findFamily({ db }: Connection, id: string): Promise<LoginFamily | undefined> {
  return db.selectFrom('login_family').selectAll().where('id', '=', id).executeTakeFirst()
}

/** When the last family expires that has not ended, in epoch ms; 0 if there is none. */
export async function findLastFamilyEnd({ db }: Connection): Promise<number> {
  const { last } = await db
    .selectFrom('login_family')
    .select(({ fn }) => fn.max<number | null>('expires_at').as('last'))
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(last ?? 0)
}

/** Advances a family by one refresh token; of several concurrent callers one gets `true`. */
export async function rotateFamily(
  { db }: Connection,
  { id, generation }: Pick<LoginFamily, 'id' | 'generation'>,
  retryKey: string | null,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('login_family')
    .set({ generation: generation + 1, rotated_at: now, retry_key: retryKey })
    .where('id', '=', id)
    .where('generation', '=', generation)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/**
 * Ends a family: from when the change is committed, its refresh tokens and sessions are refused, and the
 * map tokens that its sessions obtained.
 *
 * @returns `false` if it has ended before.
 */
export async function endFamily(change: AuditedChange, id: string, now: number): Promise<boolean> {
  const ended = await change.db
    .updateTable('login_family')
    .set({ ended_at: now })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returning('account')
    .executeTakeFirst()
  if (ended) await revokeFamilies(change, [{ id }], await findOrgId(change, ended.account), now)
  return ended !== undefined
}

/** Ends every family of an account, with an audit entry for each that says why. */
export async function endFamilies(
  change: AuditedChange,
  account: string,
  detail: string,
  now: number,
): Promise<void> {
  const ended = await change.db
    .updateTable('login_family')
    .set({ ended_at: now })
    .where('account', '=', account)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('id')
    .execute()
  const orgId = await findOrgId(change, account)
  // Before the revocations, which let nobody else revoke until the commit.
  for (const { id } of ended) await change.audit({ action: 'session.end', target: id, detail })
  if (ended.length > MOST_REVOKED && orgId !== undefined)
    await change.raiseEpoch(orgId, { at: now, expiresAt: now + LONGEST_DERIVED_LIFETIME })
  else await revokeFamilies(change, ended, orgId, now)
}

/** For guards elsewhere, and for the map tokens, which no row of a family is read for. */
async function revokeFamilies(
  change: AuditedChange,
  families: readonly Pick<LoginFamily, 'id'>[],
  orgId: string | undefined,
  now: number,
): Promise<void> {
  const expiresAt = now + LONGEST_DERIVED_LIFETIME
  await revokeAllDerived(
    change,
    now,
    orgId,
    families.map(({ id }) => ({ id, expiresAt })),
  )
}

async function findOrgId({ db }: Connection, account: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('account')
    .select('org_id')
    .where('name', '=', account)
    .executeTakeFirst()
  return row?.org_id
}
