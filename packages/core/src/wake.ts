/** True in a hidden page, where background work waits. */
export function isHidden(): boolean {
  return globalThis.document?.visibilityState === 'hidden'
}

/**
 * Adds or removes the listener for the moments after which the page may have slept, been hidden, offline
 * or in the back-forward cache. Calling it twice has no further effect. Does nothing where there is no page.
 */
export function listenToWake(listens: boolean, onWake: (event: Event) => void): void {
  const page = globalThis.document
  if (!page?.addEventListener) return
  const method = listens ? 'addEventListener' : 'removeEventListener'
  page[method]('visibilitychange', onWake)
  globalThis[method]('pageshow', onWake)
  globalThis[method]('online', onWake)
}
