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
export function onWake(wake: () => void): () => void {
  const page = globalThis.document
  if (!page || typeof addEventListener !== 'function') return () => {}
  page.addEventListener('visibilitychange', wake)
  addEventListener('pageshow', wake)
  addEventListener('online', wake)
  return () => {
    page.removeEventListener('visibilitychange', wake)
    removeEventListener('pageshow', wake)
    removeEventListener('online', wake)
  }
}
