/**
 * Finds where a text stops being JSON. The messages of `JSON.parse` say it only sometimes, and quote the text,
 * which may hold a secret.
 *
 * @returns Line and column, from 1; `undefined` if the text is JSON.
 */
export function findJsonFault(
  text: string,
): { readonly line: number; readonly column: number } | undefined {
  const offset = findOffset(text)
  if (offset === undefined) return
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

const SPACE = /[ \t\n\r]*/y
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y

function findOffset(text: string): number | undefined {
  let at = 0
  /** Moves past what the pattern matches here. */
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    const isFound = pattern.test(text)
    if (isFound) at = pattern.lastIndex
    return isFound
  }
  const takeMark = (mark: string) => {
    take(SPACE)
    const isFound = text[at] === mark
    if (isFound) at += 1
    return isFound
  }
  const takeList = (end: string, takeItem: () => boolean): boolean => {
    if (takeMark(end)) return true
    do if (!takeItem()) return false
    while (takeMark(','))
    return takeMark(end)
  }
  const takeMember = () => {
    take(SPACE)
    return take(STRING) && takeMark(':') && takeValue()
  }
  const takeValue = (): boolean => {
    if (takeMark('{')) return takeList('}', takeMember)
    if (takeMark('[')) return takeList(']', takeValue)
    return take(STRING) || take(SCALAR)
  }
  const isValue = takeValue()
  take(SPACE)
  return isValue && at === text.length ? undefined : at
}
