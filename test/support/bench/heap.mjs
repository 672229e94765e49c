// @ts-check
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
/** @type {() => void} */
const collect = runInNewContext('gc')

/** The heap of this process without garbage, in bytes. */
export function measureHeap() {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
