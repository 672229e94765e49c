import { redact } from '@tilepass/core'
import type { MapError, MapInternals } from './maplibre-shapes.ts'

/** Removes tokens from an error, in place: every listener gets the same object. */
export function redactError(error: MapError, tokens: Iterable<string | undefined>): void {
  for (const key of ['message', 'stack', 'url'] as const) {
    const text = error[key]
    const clean = text && redact(text, tokens)
    // The members of a DOMException cannot be assigned.
    if (clean !== text) error[key] = clean as string
  }
}

/** True if only attachments of this plugin listen for errors, and this is the first of them. */
export function isUnheard(
  { _listeners, _oneTimeListeners }: MapInternals,
  listener: unknown,
): boolean {
  const listeners = _listeners?.error ?? []
  return (
    listeners[0] === listener &&
    listeners.every((each) => 'tilepass' in each) &&
    !_oneTimeListeners?.error?.length
  )
}
