/** Clients that ask again and again until they are stopped. */
export interface Load {
  /** Waits for what is under way. @throws what a client threw */
  stop(): Promise<void>
}

/** Lets so many clients ask at the same time, each one again once it has its answer. */
export function keepAsking(clients: number, ask: (client: number) => Promise<unknown>): Load {
  let isOver = false
  const loop = async (client: number) => {
    while (!isOver) await ask(client)
  }
  const running = Promise.all(Array.from({ length: clients }, (_, client) => loop(client)))
  // A failure before the stop is thrown by the stop.
  running.catch(() => undefined)
  return {
    stop: async () => {
      isOver = true
      await running
    },
  }
}

/** The value that this share of the values does not exceed, as in 0.99. */
export function findPercentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0
}

/**
 * Asks until the answer is good.
 *
 * @param patience For how long, in ms.
 * @returns ms until then
 * @throws Error after that
 */
export async function timeUntil(
  isGood: () => Promise<boolean>,
  patience = 60_000,
): Promise<number> {
  const startedAt = performance.now()
  for (;;) {
    const askedAt = performance.now()
    if (await isGood()) return performance.now() - startedAt
    if (askedAt - startedAt > patience) throw new Error(`not within ${patience} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
