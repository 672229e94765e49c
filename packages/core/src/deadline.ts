/** One moment on both clocks: the wall clock may be set, the steady one may stop during sleep. */
export interface Instant {
  readonly wall: number
  readonly steady: number
}

/** A wall clock that has fallen behind the steady one by more than this (ms) was set back. */
const SET_BACK = 2000

export function instant(): Instant {
  return { wall: Date.now(), steady: performance.now() }
}

/**
 * Milliseconds that have passed since an instant, never fewer than really did: the clock that
 * moved more decides, which covers sleep (the steady clock stops) and a corrected wall clock. When
 * the wall clock was set back nobody can tell whether the machine slept too: the answer is Infinity.
 */
export function elapsed(since: Instant, now: Instant): number {
  const wall = now.wall - since.wall
  const steady = now.steady - since.steady
  return steady - wall > SET_BACK ? 1 / 0 : Math.max(wall, steady)
}
