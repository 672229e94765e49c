import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import type { Config } from '../config/schema.ts'
import { ConfigError } from '../settings/config-error.ts'

/** A server whose settings are read again. */
export interface ReloadParts {
  readonly broker: Pick<Broker, 'reload'>
  readonly logger: Logger
  /** Where it listens. */
  readonly current: Pick<Config, 'host' | 'port'>
  /** Reads and checks the settings. */
  readonly load: () => Config
}

/**
 * Reads the settings of a running server again, and puts them in place if all of them are valid. Otherwise
 * nothing changes, and the log names every fault. Never rejects.
 */
export async function reloadSettings({
  broker,
  logger,
  current,
  load,
}: ReloadParts): Promise<void> {
  try {
    const { host, port, logLevel, ...settings } = load()
    await broker.reload(settings)
    const moved = [
      ...(host === current.host ? [] : ['host']),
      ...(port === current.port ? [] : ['port']),
    ]
    if (moved.length > 0)
      logger.warn({ settings: moved }, 'these settings have changed, but need a restart')
    if (logger.level !== logLevel) logger.level = logLevel
  } catch (error) {
    const faults = error instanceof ConfigError ? error.faults : undefined
    logger.error(
      faults ? { faults } : { err: error },
      'the configuration was not reloaded, and nothing has changed',
    )
  }
}
