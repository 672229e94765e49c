/** How much of a daily limit an organisation has used. */
export interface DailyCount {
  readonly limit: number
  readonly remaining: number
  /** Epoch ms of the next 00:00 UTC. */
  readonly resetsAt: number
}

/** The headers that tell Geog's clients about a daily limit; the reset is in ISO 8601. */
export function toLimitHeaders({ limit, remaining, resetsAt }: DailyCount) {
  return {
    'X-RateLimit-Tiles-Limit': String(limit),
    'X-RateLimit-Tiles-Remaining': String(remaining),
    'X-RateLimit-Tiles-Reset': new Date(resetsAt).toISOString().replace('.000Z', 'Z'),
  }
}

/** The names of those headers, to be exposed to pages of other origins. */
export const LIMIT_HEADERS: readonly string[] = Object.keys(
  toLimitHeaders({ limit: 0, remaining: 0, resetsAt: 0 }),
)
