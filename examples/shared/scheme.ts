const dark = matchMedia('(prefers-color-scheme: dark)')

/** The demo's style in the reader's colour scheme. */
export function styleUrl(): string {
  return dark.matches ? '/v1/style-dark.json' : '/v1/style.json'
}

/** Calls back when the reader changes the scheme. */
export function onSchemeChange(listener: () => void): () => void {
  dark.addEventListener('change', listener)
  return () => dark.removeEventListener('change', listener)
}
