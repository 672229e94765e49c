/** So many at the same time; the others wait in their order. */
export interface Slots {
  /** Resolves when there is a slot. @throws what {@link Slots.fail} is called with, or `createError` after a while */
  enter(): Promise<void>
  /** Gives the slot to the next one. */
  leave(): void
  /** Rejects everybody who waits. */
  fail(error: unknown): void
}

interface Waiting {
  readonly start: () => void
  readonly fail: (error: unknown) => void
}

/**
 * @param count How many at the same time.
 * @param patience How long one waits at most, in ms.
 * @param createError What is thrown then.
 */
export function createSlots(count: number, patience: number, createError: () => Error): Slots {
  const waiting = new Set<Waiting>()
  let free = count

  return {
    enter: () => {
      if (free > 0) {
        free--
        return Promise.resolve()
      }
      return new Promise((resolve, reject) => {
        const leaveQueue = () => {
          clearTimeout(timer)
          waiting.delete(entry)
        }
        const entry: Waiting = {
          start: () => {
            leaveQueue()
            resolve()
          },
          fail: (error) => {
            leaveQueue()
            reject(error)
          },
        }
        const timer = setTimeout(() => entry.fail(createError()), patience)
        waiting.add(entry)
      })
    },
    leave: () => {
      const [next] = waiting
      if (next) next.start()
      else free++
    },
    fail: (error) => {
      for (const entry of waiting) entry.fail(error)
    },
  }
}
