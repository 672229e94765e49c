/**
 * Runs reads one after the other. Whoever asks while one runs shares the next one with all others who do:
 * it begins after they asked, so that it sees what they must see. If the one that runs fails, so do they:
 * one after the other they would wait too long for a database that is away.
 */
export function shareNext<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  let next: Promise<T> | undefined

  const begin = () => {
    next = undefined
    const result = read()
    running = result
    const end = () => {
      if (running === result) running = undefined
    }
    result.then(end, end)
    return result
  }
  const fail = (error: unknown) => {
    next = undefined
    throw error
  }

  return () => {
    if (!running) return begin()
    next ??= running.then(begin, fail)
    return next
  }
}
