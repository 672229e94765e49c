/**
 * A command line that works on the same data folder, for messages that say what to run.
 *
 * @param command After `tilepass`, as it is typed.
 * @param values Arguments, which are quoted if a shell would read them differently: they come from settings
 *   and from what was typed.
 */
export function formatCommand(command: string, values: readonly string[], data: string): string {
  const folder = data === './data' ? [] : ['--data', data.replace(/^-/, './-')]
  return [`tilepass ${command}`, ...[...values, ...folder].map(quote)].join(' ')
}

/** As a shell reads it as one word. */
function quote(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
