/** True in a page that nobody sees: background work waits there. */
export function isHidden(): boolean {
  return globalThis.document?.visibilityState === 'hidden'
}

/**
 * Calls back when the page may have slept, been hidden, offline or in the back-forward cache.
 * Where there is no page it does nothing.
 *
 * @returns Stops listening.
 */
export function onWake(wake: (event: Event) => void): () => void {
  const page = globalThis.document
  const each = (method: 'addEventListener' | 'removeEventListener') => {
    page?.[method]('visibilitychange', wake)
    for (const type of ['pageshow', 'online']) if (page) globalThis[method](type, wake)
  }
  each('addEventListener')
  return () => each('removeEventListener')
}
