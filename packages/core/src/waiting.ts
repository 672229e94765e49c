/** Callers that wait for one thing to happen, each with a limit and a signal of its own. */
export interface WaitingRoom<T> {
  readonly size: number
  /**
   * @param limit Milliseconds after which `onLimit` makes the error that this caller gets.
   * @param signal Detaches this caller only, with its reason.
   */
  wait(limit: number, onLimit: () => unknown, signal?: AbortSignal | null): Promise<T>
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
        const timer = setTimeout(() => leave(Promise.reject(onLimit())), limit)
        signal?.addEventListener('abort', onAbort)
        waiting.add(leave)
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
