/**
 * Waits for `running` no longer than a limit. The work itself is not stopped; its late result is ignored.
 *
 * @param limit Milliseconds, or a signal that aborts when time is up.
 * @param onLate Gives the result, or throws, when time is up.
 */
export async function withinTime<T, Late>(
  running: T | PromiseLike<T>,
  limit: number | AbortSignal,
  onLate: () => Late,
): Promise<T | Late> {
  let stop = () => {}
  const late = new Promise<void>((resolve) => {
    if (typeof limit === 'number') {
      const timer = setTimeout(resolve, limit)
      stop = () => clearTimeout(timer)
    } else if (limit.aborted) {
      resolve()
    } else {
      const end = () => resolve()
      limit.addEventListener('abort', end, { once: true })
      stop = () => limit.removeEventListener('abort', end)
    }
  })
  try {
    return await Promise.race([running, late.then(onLate)])
  } finally {
    stop()
  }
}
