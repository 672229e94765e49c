import { destination, type Logger, pino } from 'pino'

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  /** File descriptor. Default: standard error, because standard output is for results. */
  readonly fd?: number
  /** How much of the log may wait for a reader, in bytes. Default: 8 MiB. */
  readonly mostWaiting?: number
}

const droppedLines = new WeakMap<Logger, () => number>()

/** How many lines a log has dropped; 0 for a log that {@link createLogger} has not created. */
export function countDroppedLines(logger: Logger): number {
  return droppedLines.get(logger)?.() ?? 0
}

/**
 * Creates the log of a server process, as JSON lines. Members that may hold a credential are removed, at
 * the top level and two levels below. Lines that find too much waiting are dropped; a later line says
 * how many.
 */
export function createLogger(
  level: string,
  { fd = 2, mostWaiting = 8 * 1024 * 1024 }: LoggerOptions = {},
): Logger {
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
  const stream = destination({ dest: fd, sync: false, maxLength: mostWaiting })
  const logger = pino({ level, redact: { paths, remove: true } }, stream)
  let dropped = 0
  let total = 0
  droppedLines.set(logger, () => total)
  stream.on('drop', () => {
    dropped += 1
    total += 1
  })
  stream.on('drain', () => {
    if (dropped === 0) return
    logger.warn({ dropped }, 'lines of the log were dropped, because nothing read it')
    dropped = 0
  })
  return logger
}
