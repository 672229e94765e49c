/** Where an organisation stands on this day. */
export interface DailyCount {
  readonly limit: number
  readonly remaining: number
  /** Epoch ms of the next 00:00 UTC. */
  readonly resetsAt: number
}

/** Headers by which Geog's clients learn of the limit; the reset is ISO 8601. */
export function toLimitHeaders({ limit, remaining, resetsAt }: DailyCount) {
  return {
    'X-RateLimit-Tiles-Limit': String(limit),
    'X-RateLimit-Tiles-Remaining': String(remaining),
    'X-RateLimit-Tiles-Reset': new Date(resetsAt).toISOString().replace('.000Z', 'Z'),
  }
}

/** Names of those headers, for pages of other origins. */
export const LIMIT_HEADERS: readonly string[] = Object.keys(
  toLimitHeaders({ limit: 0, remaining: 0, resetsAt: 0 }),
)
