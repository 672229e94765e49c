/** What a test has started and must stop. */
export interface Teardown {
  /** Registers how to stop something. */
  add(stop: () => unknown): void
  /** Stops everything, the last first. */
  run(): Promise<void>
}

export function createTeardown(): Teardown {
  const stops: (() => unknown)[] = []
  return {
    add: (stop) => void stops.push(stop),
    run: async () => {
      for (const stop of stops.splice(0).reverse()) await stop()
    },
  }
}
