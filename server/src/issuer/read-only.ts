import { findApiToken } from '../store/api-tokens.ts'
import type { Connection } from '../store/open.ts'
import { ReadOnlyTokenError } from './errors.ts'

/**
 * What an API token of the registry is presented for, and whether that only reads. Everything that
 * accepts such a token names its use, so that a read-only token makes and changes nothing anywhere.
 */
const IS_READING = {
  download: true,
  introspect: true,
  'read administration': true,
  administer: false,
  exchange: false,
  'make download token': false,
  revoke: false,
} as const satisfies Readonly<Record<string, boolean>>

/** What an API token of the registry is presented for. */
export type ApiTokenUse = keyof typeof IS_READING

/**
 * Asserts that a token may be used so.
 *
 * @param id Of a token of the registry.
 * @throws {@link ReadOnlyTokenError}
 */
export async function assertUse(
  connection: Connection,
  id: string,
  use: ApiTokenUse,
): Promise<void> {
  if (IS_READING[use]) return
  const row = await findApiToken(connection, id)
  assertAllows(row?.read_only !== 0, use)
}

/** Asserts that a token whose row is known may be used so. @throws {@link ReadOnlyTokenError} */
export function assertAllows(isReadOnly: boolean, use: ApiTokenUse): void {
  if (isReadOnly && !IS_READING[use]) throw new ReadOnlyTokenError()
}
