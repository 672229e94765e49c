import type { TokenManager } from '@tilepass/core'
import type { Done } from './leaflet-shapes.ts'

/** What a layer needs of a token manager; a pool has it too. */
export type Tokens = Pick<
  TokenManager,
  'match' | 'authorize' | 'fetch' | 'reject' | 'isAuthFailure' | 'peek' | 'on'
>

/** One tile that is loading, or was. It lives until the layer drops the tile. */
export interface TileRequest {
  readonly tile: HTMLImageElement
  readonly url: string
  readonly done: Done
  readonly abort: AbortController
  /** True until the image has a source. */
  pending: boolean
  objectUrl?: string
  /** Query mode: what the image was asked to load, and with which token. */
  assigned?: { readonly url: string; readonly token: string }
  /** How often a server has refused it in a row. */
  refusals: number
}

/** Refusals after which a tile is left as failed until it is requested anew. */
export const MAX_REFUSALS = 3

/** Reports the end of a tile as Leaflet would; `status` is the answer's, where there was one. */
export type Fail = (request: TileRequest, error: unknown, heals: boolean) => void

/** Runs tasks in order, a few at a time. One that is no longer wanted is dropped when its turn comes. */
export function createQueue(
  limit: number,
): (task: () => Promise<void>, signal: AbortSignal) => void {
  const waiting: { task: () => Promise<void>; signal: AbortSignal }[] = []
  let running = 0
  const next = (): void => {
    while (running < limit) {
      const entry = waiting.shift()
      if (!entry) return
      if (entry.signal.aborted) continue
      running += 1
      void entry.task().finally(() => {
        running -= 1
        next()
      })
    }
  }
  return (task, signal) => {
    waiting.push({ task, signal })
    next()
  }
}
