/** Runs before each test file of a process: a file that leaves fake timers behind fails no other file. */
import { vi } from 'vitest'

vi.useRealTimers()
