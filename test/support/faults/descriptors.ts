import { readdirSync } from 'node:fs'
import type { ServerProcess } from './server-process.ts'

/** How many files and connections a server has open (Linux). */
export function countDescriptors({ child }: ServerProcess): number {
  return readdirSync(`/proc/${child.pid}/fd`).length
}
