import type { TokenError } from './errors.ts'

/** `fresh` holds a valid token; `unavailable` has failed and tries again; `denied` waits for `renew()`. */
export type TokenState = 'idle' | 'fresh' | 'renewing' | 'unavailable' | 'denied'

/** What a manager reports. No event carries a token: read it with `peek()`. */
export interface TokenManagerEvents {
  /** A new token is in hand. */
  renewed: { readonly expiresAt: number }
  /** The state has changed. */
  state: TokenState
  /** An exchange failed, or a URL outside `allow` asked for a token. Printed once when nobody listens. */
  error: TokenError
}

/** Listeners by event type. */
export interface Emitter {
  on<T extends keyof TokenManagerEvents>(
    type: T,
    listener: (event: TokenManagerEvents[T]) => void,
  ): () => void
  emit<T extends keyof TokenManagerEvents>(type: T, event: TokenManagerEvents[T]): void
  clear(): void
  readonly size: number
}

/** @param onChange Called when the number of listeners has changed. */
export function createEmitter(onChange: () => void): Emitter {
  const entries = new Set<{ type: string; listener: (event: never) => void }>()
  const printed = new Set<string>()
  return {
    on(type, listener) {
      const entry = { type, listener }
      entries.add(entry)
      onChange()
      return () => {
        if (entries.delete(entry)) onChange()
      }
    },
    emit(type, event) {
      let heard = false
      for (const entry of [...entries]) {
        if (entry.type !== type) continue
        heard = true
        try {
          entry.listener(event as never)
        } catch (error) {
          // A listener's fault is its own: it surfaces as an uncaught error and stops nothing here.
          queueMicrotask(() => {
            throw error
          })
        }
      }
      if (type === 'error' && !heard) {
        const { message } = event as TokenError
        if (!printed.has(message)) {
          printed.add(message)
          // biome-ignore lint/suspicious/noConsole: an error that nobody listens for must not vanish
          console.error(`Tilepass: ${message}`)
        }
      }
    },
    clear() {
      entries.clear()
      onChange()
    },
    get size() {
      return entries.size
    },
  }
}
