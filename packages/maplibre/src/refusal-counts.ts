import { MAX_REPEATS } from '@tilepass/core'
import { hasLoaded, type Recovery, recoverResource, recoverTile } from './recovery-rule.ts'

/** Counts what servers refuse to one map, in rounds: a round lasts from one renewal to the next. */
export interface RefusalCounts {
  /** A new token came. */
  renew(): void
  /** A tile of the source came. @param isPrivate Whether its source is for private tiles. */
  serve(tile: object, source: object, isPrivate: boolean): void
  /** A resource of the source came. */
  load(source: object): void
  /** A request got no answer. Returns whether to make it again. @param key The tile, or the owner of another resource. */
  miss(key: object): boolean
  /**
   * A request was refused. Returns what to do about it.
   *
   * @param owner The source; for a resource without one, the map.
   * @param tile Undefined for any other resource.
   * @param departedAt When the request departed with its token; undefined for the waiting protocol.
   * @param isMissing No token came in time.
   */
  refuse(
    owner: object,
    tile: object | undefined,
    departedAt: number | undefined,
    isMissing: boolean | undefined,
  ): Recovery
}

/** @param onChance Called when waiting requests may succeed: at a renewal, and at the first tile after it. */
export function createRefusalCounts(onChance: (isRenewal?: boolean) => void): RefusalCounts {
  /** The rounds in which a tile, a source or a map was refused. */
  const refused = new WeakMap<object, number[]>()
  /** How often a tile or another resource got no answer since it was last loaded. */
  const missed = new WeakMap<object, number>()
  let round = 0
  /** The last round in which a tile came. */
  let servedAt = 0
  /** When the present token, or the first tile with it, came (ms on the steady clock). */
  let since = 0

  function turn(isRenewal?: boolean): void {
    since = performance.now()
    onChance(isRenewal)
  }

  /** Adds the present round. Returns the rounds in which this was refused since it was last loaded. */
  function add(key: object, isResource?: boolean): number[] {
    let rounds = refused.get(key) ?? []
    const last = rounds.at(-1) as number
    if (isResource && hasLoaded(rounds.length, round - last)) rounds = []
    if (last !== round) rounds.push(round)
    refused.set(key, rounds)
    return rounds
  }

  return {
    renew() {
      round += 1
      turn(true)
    },
    load: (source) => missed.delete(source),
    miss(key) {
      const misses = (missed.get(key) ?? 0) + 1
      missed.set(key, misses)
      return misses <= MAX_REPEATS
    },
    serve(tile, source, isPrivate) {
      refused.delete(tile)
      missed.delete(tile)
      // Image and GeoJSON sources have no URL templates, and empty tiles while they are refused.
      if (!isPrivate) return
      refused.delete(source)
      if (servedAt === round) return
      servedAt = round
      turn()
    },
    refuse(owner, tile, departedAt, isMissing) {
      // A request that departed before the last renewal, or before other tiles came, says nothing about the token.
      const isBlamed = !isMissing && (departedAt ?? since) >= since
      const rounds = isBlamed ? add(owner, !tile) : []
      if (!tile) return recoverResource(rounds.length, servedAt >= (rounds[0] as number))
      const refusals = isBlamed ? Math.max(rounds.length, add(tile).length) : 0
      return recoverTile(departedAt !== undefined, refusals, servedAt === round)
    },
  }
}
