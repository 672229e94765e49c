import { destination, type Logger, pino } from 'pino'

/**
 * Creates the log of a server process: JSON lines on standard error, because standard output is for
 * results. Members that may hold a credential are removed, at the top level and two levels below.
 */
export function createLogger(level: string): Logger {
  const secrets = [
    'authorization',
    'cookie',
    'set-cookie',
    'x-api-key',
    'token',
    'access_token',
    'refresh_token',
    'subject_token',
    'password',
    'client_secret',
  ]
  const paths = secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`])
  return pino({ level, redact: { paths, remove: true } }, destination({ dest: 2, sync: false }))
}
