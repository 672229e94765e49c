/**
 * Runs reads one after the other. Whoever asks while one runs shares the next one with all others who do:
 * it begins after they asked, so that it sees what they must see.
 */
export function shareNext<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<void> | undefined
  let next: Promise<T> | undefined

  const begin = () => {
    next = undefined
    const result = read()
    const ended = result.then(
      () => undefined,
      () => undefined,
    )
    running = ended
    void ended.then(() => {
      if (running === ended) running = undefined
    })
    return result
  }

  return () => {
    if (!running) return begin()
    next ??= running.then(begin)
    return next
  }
}
