/**
 * Creates a queue whose items are handled in order, only so many per turn of the event loop, so that
 * connections, timers and responses get their part of each turn. An item that waits already is not
 * added again.
 */
export function createTurns<Item>(
  handle: (item: Item) => void,
  { perTurn = 1 }: { readonly perTurn?: number } = {},
): (item: Item) => void {
  const waiting = new Set<Item>()
  let isDue = false

  function scheduleNext(): void {
    if (isDue || waiting.size === 0) return
    isDue = true
    setImmediate(() => {
      isDue = false
      let left = perTurn
      for (const item of waiting) {
        if (left === 0) break
        left -= 1
        waiting.delete(item)
        handle(item)
      }
      scheduleNext()
    })
  }

  return (item) => {
    waiting.add(item)
    scheduleNext()
  }
}
