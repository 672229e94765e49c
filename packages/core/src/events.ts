import type { TokenError } from './errors.ts'

/** `fresh`: holds a valid token; `unavailable`: failed, keeps trying; `denied`: waits for `renew()`. */
export type TokenState = 'idle' | 'fresh' | 'renewing' | 'unavailable' | 'denied'

/** What a manager reports. No event carries a token; read it with `peek()`. */
export interface TokenManagerEvents {
  /** A new token is in hand. */
  renewed: { readonly expiresAt: number }
  /** The state has changed. */
  state: TokenState
  /** An exchange failed, or a URL outside `allow` asked for a token. Without a listener it is printed, once per message. */
  error: TokenError
}

type Listener = (event: never) => void

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

/** @param onChange Called when listeners are added or removed. */
export function createEmitter(onChange: () => void): Emitter {
  const entries = new Set<[type: string, listener: Listener]>()
  const printed = new Set<string>()
  return {
    on(type, listener) {
      const entry: [string, Listener] = [type, listener]
      entries.add(entry)
      onChange()
      return () => {
        entries.delete(entry)
        onChange()
      }
    },
    emit(type, event) {
      const called = [...entries].filter(([each]) => each === type)
      for (const entry of called) {
        try {
          // An earlier listener may have removed this one.
          if (entries.has(entry)) entry[1](event as never)
        } catch (error) {
          // A listener that throws stops nothing here: its error surfaces as an uncaught one.
          queueMicrotask(() => {
            throw error
          })
        }
      }
      if (type === 'error' && !called.length) {
        const { message } = event as TokenError
        // biome-ignore lint/suspicious/noConsole: an error without a listener must not vanish
        if (!printed.has(message)) console.error(`Tilepass: ${message}`)
        // What an endpoint says may differ every time.
        if (printed.size > 99) printed.clear()
        printed.add(message)
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
