import { isDeepStrictEqual } from 'node:util'
import type { BrokerConfig } from '../config/schema.ts'

/** What a reload does with a new configuration. */
export interface ReloadPlan {
  /** What counts from now on. */
  readonly config: BrokerConfig
  /** Names of the settings that have changed, but count only after a restart. */
  readonly needRestart: readonly string[]
}

/** Groups whose members are not all alike: some can be reloaded. */
const MIXED = ['geog', 'login'] as const

/**
 * Takes the settings that can change while a broker runs: grants, upstreams, limits, the log of tiles, and
 * where the keys are that seal the store.
 */
export function planReload(current: BrokerConfig, next: BrokerConfig): ReloadPlan {
  const { grants, upstreams, budgets, mapbox, logTiles, drainSeconds } = next
  const { mapTokenPerMinute, downloadTokensPerMinute } = next
  const { perMinute, addressPerMinute } = next.login
  const config: BrokerConfig = {
    ...current,
    ...{ grants, upstreams, budgets, mapbox, logTiles, drainSeconds },
    ...{ mapTokenPerMinute, downloadTokensPerMinute },
    // A store that is plain is sealed at a start only.
    ...(current.secretKey !== undefined && { secretKey: next.secretKey }),
    geog: { ...current.geog, tilesPerDay: next.geog.tilesPerDay },
    login: { ...current.login, perMinute, addressPerMinute },
  }
  const isMixed = (name: string) => MIXED.some((mixed) => mixed === name)
  const needRestart = [
    ...listDifferences(config, next).filter((name) => !isMixed(name) && name !== '$schema'),
    ...MIXED.flatMap((group) =>
      listDifferences(config[group], next[group]).map((name) => `${group}.${name}`),
    ),
  ]
  return { config, needRestart }
}

/** Names of the members that differ. */
export function listDifferences(one: object, other: object): readonly string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter(
    (name) => !isDeepStrictEqual(Reflect.get(one, name), Reflect.get(other, name)),
  )
}
