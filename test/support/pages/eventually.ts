import { vi } from 'vitest'

/**
 * Repeats expectations until they hold; fails after `timeout` ms. Tests that run at the same time cannot
 * use `expect.poll`, which needs to know the one test that runs.
 */
export const eventually = (expectation: () => unknown, timeout = 30_000) =>
  vi.waitFor(expectation, { timeout, interval: 50 })
