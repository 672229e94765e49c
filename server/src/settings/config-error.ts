/** The configuration is invalid; the message lists every fault with its field, rule and value. */
export class ConfigError extends Error {
  readonly code = 'ERR_CONFIG'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`
    super(`The configuration has ${count}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/**
 * Runs one check after the other and collects the faults of all, so that a single start reports every
 * fault.
 *
 * @throws {@link ConfigError} from `throwIfAny`; `check` rethrows any other error at once.
 */
export function collectFaults(): {
  check<T>(run: () => Promise<T>): Promise<T | undefined>
  throwIfAny(): void
} {
  const faults: string[] = []
  return {
    check: async (run) => {
      try {
        return await run()
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        faults.push(...error.faults)
        return undefined
      }
    },
    throwIfAny: () => {
      if (faults.length > 0) throw new ConfigError(faults)
    },
  }
}
