/** A command line that works on the same data folder, for messages that say what to run. */
export function formatCommand(command: string, data: string): string {
  return `tilepass ${command}${data === './data' ? '' : ` --data ${quote(data)}`}`
}

/** As a shell reads it as one word. */
function quote(word: string): string {
  return /^[\w./:@+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
