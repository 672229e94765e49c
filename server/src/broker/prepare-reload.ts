import type { BrokerConfig } from '../config/schema.ts'
import type { NamedGrant } from '../grants/grant.ts'
import { loadGrants } from '../grants/load-grants.ts'
import { collectFaults } from '../settings/config-error.ts'
import type { Resources } from './open-resources.ts'
import { planReload, type ReloadPlan } from './reloadable.ts'

/** A configuration of which everything was checked. */
export interface PreparedReload extends ReloadPlan {
  readonly grants: readonly NamedGrant[]
  /** Puts its upstreams in place. */
  readonly putUpstreams: () => void
}

/**
 * Checks what a configuration needs of the world: accounts and secrets. Nothing changes yet.
 *
 * @throws `ConfigError` naming every fault.
 */
export async function prepareReload(
  current: BrokerConfig,
  next: BrokerConfig,
  { store, upstreams }: Pick<Resources, 'store' | 'upstreams'>,
): Promise<PreparedReload> {
  const plan = planReload(current, next)
  const { config } = plan
  const { check, throwIfAny } = collectFaults()
  const grants = await check(() => loadGrants(store, config.grants, config))
  const putUpstreams = await check(async () => upstreams.prepare(config.upstreams))
  throwIfAny()
  if (!grants || !putUpstreams) throw new TypeError('what could not be loaded is a fault')
  return { ...plan, grants, putUpstreams }
}
