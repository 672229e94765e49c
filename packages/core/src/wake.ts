/** True in a page that nobody sees: background work waits there. */
export function isHidden(): boolean {
  return globalThis.document?.visibilityState === 'hidden'
}

/**
 * Calls back, or does so no longer, when the page may have slept, been hidden, offline or in the
 * back-forward cache. Twice is once. Where there is no page it does nothing.
 */
export function listenToWake(listens: boolean, wake: (event: Event) => void): void {
  const page = globalThis.document
  if (!page?.addEventListener) return
  const method = listens ? 'addEventListener' : 'removeEventListener'
  page[method]('visibilitychange', wake)
  globalThis[method]('pageshow', wake)
  globalThis[method]('online', wake)
}
