const dark = matchMedia('(prefers-color-scheme: dark)')

/** URL of the demo's style in the user's colour scheme. */
export function styleUrl(): string {
  return dark.matches ? '/v1/style-dark.json' : '/v1/style.json'
}

/** Calls the listener when the user's colour scheme changes. Returns a function that removes it. */
export function onSchemeChange(listener: () => void): () => void {
  dark.addEventListener('change', listener)
  return () => dark.removeEventListener('change', listener)
}
