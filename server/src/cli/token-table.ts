import type { UsedToken } from '../admin/tokens.ts'
import { NEVER } from '../store/api-tokens.ts'
import { formatTable, formatTime } from './output.ts'

const COLUMNS = [
  'ID',
  'ACCOUNT',
  'STATE',
  'SCOPES',
  'EXPIRES',
  'LAST USED',
  'USES TODAY/ALL',
  'NOTE',
]

/** Formats API tokens as a table. @param now Epoch ms. */
export function formatTokens(tokens: readonly UsedToken[], now: number): string {
  const rows = tokens.map((token) => {
    const { revoked_at, expires_at, last_used_at, usedToday, usedTotal } = token
    const state = revoked_at !== null ? 'revoked' : expires_at <= now ? 'expired' : 'active'
    const expires = expires_at === NEVER ? 'never' : formatTime(expires_at)
    const lastUsed = last_used_at === null ? 'never' : formatTime(last_used_at)
    const uses = `${usedToday}/${usedTotal}`
    return [token.id, token.account, state, token.scopes, expires, lastUsed, uses, token.note]
  })
  return formatTable(COLUMNS, rows, 'No API tokens yet.')
}
