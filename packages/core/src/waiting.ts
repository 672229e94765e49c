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
  const waiting = new Set<{ resolve(value: T): void; reject(error: unknown): void }>()
  return {
    get size() {
      return waiting.size
    },
    wait(limit, onLimit, signal) {
      return new Promise<T>((resolve, reject) => {
        const settle =
          <A>(end: (value: A) => void) =>
          (value: A) => {
            waiting.delete(entry)
            clearTimeout(timer)
            signal?.removeEventListener('abort', onAbort)
            end(value)
          }
        const entry = { resolve: settle(resolve), reject: settle(reject) }
        const onAbort = () => entry.reject(signal?.reason)
        const timer = setTimeout(() => entry.reject(onLimit()), limit)
        signal?.addEventListener('abort', onAbort)
        waiting.add(entry)
      })
    },
    resolve(value) {
      for (const entry of [...waiting]) entry.resolve(value)
    },
    reject(error) {
      for (const entry of [...waiting]) entry.reject(error)
    },
  }
}
