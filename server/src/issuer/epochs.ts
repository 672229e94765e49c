import type { Change } from '../store/changes.ts'
import { MAX_ACCESS_SECONDS, MAX_SESSION_SECONDS } from './kinds.ts'

/** How long an epoch must be kept, in ms: until every token that it ends has expired. */
const LONGEST_LIFETIME = Math.max(MAX_ACCESS_SECONDS, MAX_SESSION_SECONDS) * 1000

/**
 * Ends every access token and session that was issued before now for an organisation or for an API
 * token.
 *
 * @param id Of the organisation or of the API token.
 * @param now Epoch ms.
 */
export function raiseEpoch(change: Change, id: string, now: number): Promise<void> {
  return change.raiseEpoch(id, { at: now, expiresAt: now + LONGEST_LIFETIME })
}
