import type { BrokerConfig } from '../config/schema.ts'
import type { NamedGrant } from '../grants/grant.ts'
import { loadGrants } from '../grants/load-grants.ts'
import { collectFaults } from '../settings/config-error.ts'
import type { Resources } from './open-resources.ts'
import { planReload, type ReloadPlan } from './reloadable.ts'
import { prepareSealingKeys } from './seal-store.ts'

/** A configuration of which everything was checked. */
export interface PreparedReload extends ReloadPlan {
  readonly grants: readonly NamedGrant[]
  /** Puts its upstreams in place. */
  readonly putUpstreams: () => void
  /** Puts the keys in place that seal the store. */
  readonly putSealingKeys: () => void
}

/**
 * Checks what a configuration needs of the world: accounts, secrets, and keys that open the store. Nothing
 * changes yet.
 *
 * @throws `ConfigError` naming every fault.
 */
export async function prepareReload(
  current: BrokerConfig,
  next: BrokerConfig,
  { store, upstreams }: Pick<Resources, 'store' | 'upstreams'>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<PreparedReload> {
  const plan = planReload(current, next)
  const { config } = plan
  const { check, throwIfAny } = collectFaults()
  const grants = await check(() => loadGrants(store, config.grants, config))
  const putUpstreams = await check(async () => upstreams.prepare(config.upstreams))
  const putSealingKeys = await check(() => prepareSealingKeys(store, config, env))
  throwIfAny()
  if (!grants || !putUpstreams || !putSealingKeys)
    throw new TypeError('what could not be loaded is a fault')
  return { ...plan, grants, putUpstreams, putSealingKeys }
}
