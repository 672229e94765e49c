import type { StorePlace } from './store-place.ts'

/**
 * A command line that works on the same store, for messages that say what to run. A database is named by
 * the environment or the configuration, because its URL is a secret.
 *
 * @param command After `tilepass`, as it is typed.
 * @param values Arguments, which are quoted if a shell would read them differently: they come from settings
 *   and from what was typed.
 */
export function formatCommand(
  command: string,
  values: readonly string[],
  { data, databaseUrl }: StorePlace,
): string {
  const isImplied = databaseUrl !== undefined || data === './data'
  const folder = isImplied ? [] : ['--data', data.replace(/^-/, './-')]
  return [`tilepass ${command}`, ...[...values, ...folder].map(quote)].join(' ')
}

/** As a shell reads it as one word. */
function quote(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
