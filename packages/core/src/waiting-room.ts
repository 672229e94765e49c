/** Callers that wait for one event, each with a time limit and a signal of its own. */
export interface WaitingRoom<T> {
  readonly size: number
  /**
   * @param limit Milliseconds after which this caller gets the result of `onLimit`, unless that aborts the signal.
   * @param signal Detaches this caller only; the promise rejects with the signal's reason.
   */
  wait(
    limit: number,
    onLimit: () => T | Promise<T> | undefined,
    signal?: AbortSignal | null,
  ): Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

export function createWaitingRoom<T>(): WaitingRoom<T> {
  const waiting = new Set<(result: T | Promise<T>) => void>()
  return {
    get size() {
      return waiting.size
    },
    wait(limit, onLimit, signal) {
      return new Promise<T>((resolve) => {
        const leave = (result: T | Promise<T>) => {
          waiting.delete(leave)
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          resolve(result)
        }
        const onAbort = () => leave(Promise.reject(signal?.reason))
        const timer = setTimeout(() => leave(onLimit() as T), limit)
        signal?.addEventListener('abort', onAbort)
        waiting.add(leave)
        if (signal?.aborted) onAbort()
      })
    },
    resolve(value) {
      for (const leave of waiting) leave(value)
    },
    reject(error) {
      for (const leave of waiting) leave(Promise.reject(error))
    },
  }
}
