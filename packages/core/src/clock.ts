/** One moment on both clocks: the wall clock can be set, the steady clock can stop during sleep. */
export interface Instant {
  readonly wall: number
  readonly steady: number
}

/** A wall clock that has fallen behind the steady one by more than this (ms) was set back. */
const SET_BACK = 2000

export function now(): Instant {
  return { wall: Date.now(), steady: performance.now() }
}

/**
 * Milliseconds between two instants, never fewer than have really passed. The clock that moved further
 * decides, which covers sleep (the steady clock stops) and a corrected wall clock. After the wall clock
 * was set back, sleep can no longer be detected: the result is Infinity.
 */
export function elapsed(since: Instant, until: Instant = now()): number {
  const wall = until.wall - since.wall
  const steady = until.steady - since.steady
  return steady - wall > SET_BACK ? 1 / 0 : Math.max(wall, steady)
}
