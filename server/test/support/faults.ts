import { ConfigError } from '../../src/settings/config-error.ts'

/** The faults of the configuration that a function reports; none if it succeeds. */
export function findFaults(run: () => unknown): readonly string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}
