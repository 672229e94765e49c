import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** How much memory a process has in use, in bytes. */
export interface Memory {
  /** Of JavaScript, after a collection. */
  readonly heap: number
  readonly rss: number
}

/** Asks a server that was started with `tell-memory.mjs`. */
export async function readMemory(child: ChildProcess): Promise<Memory> {
  const answer = once(child, 'message')
  child.send('memory')
  const [memory] = await answer
  return memory
}
