import type { Command } from 'commander'
import type { Listening } from '../broker/broker.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { readVersion } from '../settings/version.ts'
import { addCommand, type RunningServer, type Surroundings } from './context.ts'
import { reloadSettings } from './reload-settings.ts'

interface ServeOptions {
  readonly config?: string
  readonly data?: string
  readonly host?: string
  readonly port?: string
  readonly issuer?: string
  readonly publicUrl?: string
  readonly logLevel?: string
}

/**
 * Adds `serve`.
 *
 * @param onStart Called before the broker listens, so that the process edge can close it on a signal.
 */
export function addServeCommand(
  program: Command,
  surroundings: Surroundings,
  onStart: (server: RunningServer) => void,
): void {
  addCommand(program, 'serve', {
    description: 'Run the broker',
    examples: [
      'serve --port 8080',
      'serve --config tilepass.json --public-url https://maps.example',
    ],
  })
    .option(
      '--config <file>',
      'settings as a JSON file (TILEPASS_CONFIG); options and TILEPASS_* override it',
    )
    .option('--port <port>', 'port, or 0 for a free one (TILEPASS_PORT; default 8080)')
    .option('--host <address>', 'address to listen on (TILEPASS_HOST; default 127.0.0.1)')
    .option(
      '--data <folder>',
      'data folder (TILEPASS_DATA; default ./data); or a PostgreSQL database: TILEPASS_DATABASE_URL',
    )
    .option(
      '--issuer <url>',
      'iss and aud of the tokens (TILEPASS_ISSUER; default: the public URL, else that of the first run)',
    )
    .option('--public-url <url>', 'URL at which clients reach this server (TILEPASS_PUBLIC_URL)')
    .option(
      '--log-level <level>',
      'trace, debug, info, warn, error or silent (TILEPASS_LOG_LEVEL; default info)',
    )
    .action(async ({ config: flag, ...flags }: ServeOptions) => {
      const { env } = surroundings
      const file = flag ?? (env.TILEPASS_CONFIG || undefined)
      const load = () => loadConfig({ flags, env, file })
      const { host, port, logLevel, ...settings } = load()
      // Imported here, because the other commands start in half the time without a web server.
      const [{ createBroker }, { createLogger }] = await Promise.all([
        import('../broker/broker.ts'),
        import('../observe/logger.ts'),
      ])
      const logger = createLogger(logLevel)
      const broker = await createBroker({ ...settings, logger, env })
      onStart({
        close: broker.close,
        reload: () => reloadSettings({ broker, logger, current: { host, port }, load }),
      })
      const listening = await broker.listen(port, host)
      surroundings.writeOut(describeStart(settings, listening))
    })
}

/** What a server runs with, for the person who started it. */
function describeStart(
  { data, publicUrl, databaseUrl }: Pick<Config, 'data' | 'publicUrl' | 'databaseUrl'>,
  { url, verifyUrl, metricsUrl, database, issuer, sealed, grants, tilesets }: Listening,
): string {
  const rows = [
    ['version', readVersion()],
    ['issuer', issuer],
    ['public URL', publicUrl ?? `${url} (publicUrl is not set)`],
    ...(verifyUrl === undefined ? [] : [['verify', `${verifyUrl}/verify`]]),
    ...(metricsUrl === undefined ? [] : [['metrics', `${metricsUrl}/metrics`]]),
    databaseUrl === undefined ? ['data', data] : ['database', database ?? 'PostgreSQL'],
    ['secrets', sealed ? 'sealed' : 'not sealed (TILEPASS_SECRET_KEY is not set)'],
    ['grants', grants.join(', ') || 'none: /map-token has no token for pages'],
    ['tilesets', tilesets.join(', ') || 'none'],
  ]
  const lines = rows.map(([name = '', value]) => `  ${name.padEnd(12)}${value}`)
  return `Tilepass listens on ${url}\n${lines.join('\n')}\n`
}
