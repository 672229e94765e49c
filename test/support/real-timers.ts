/**
 * Runs before each test file of a process: a file that leaves fake timers behind fails and delays no
 * other file.
 */
import * as timers from 'node:timers'
import { vi } from 'vitest'

vi.useRealTimers()
// Between two files vitest restores every spy once more, also one on a timer that was a fake at that time.
const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } =
  timers
Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval })
Object.assign(globalThis, { setImmediate, clearImmediate })
