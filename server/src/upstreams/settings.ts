import { z } from 'zod'
import { delegate } from '../settings/delegate.ts'
import { geogSchema } from './geog.ts'
import { geolensSchema } from './geolens.ts'
import { loginSchema } from './login.ts'
import { mapboxSchema } from './mapbox.ts'
import { oauthSchema } from './oauth.ts'
import type { Upstream } from './upstream.ts'

/** Every kind of upstream that can be configured. */
export const KINDS = {
  geog: geogSchema,
  mapbox: mapboxSchema,
  geolens: geolensSchema,
  login: loginSchema,
  oauth: oauthSchema,
} as const

/** Name of a kind; `own` is a function of one's own. */
export type UpstreamKind = keyof typeof KINDS | 'own'

const names = Object.keys(KINDS).map((name) => `"${name}"`)
const kindless = z.strictObject({
  kind: z.string().refine((kind) => Object.hasOwn(KINDS, kind), {
    error: `must be ${names.join(', ')}; one's own is a function, in code`,
  }),
})
const own = z.custom<Upstream>((value) => typeof value === 'function')

/** An upstream as it is written: its kind with its settings, or a function. */
export type UpstreamInput = z.input<(typeof KINDS)[keyof typeof KINDS]> | Upstream
/** The same with defaults filled in. */
export type UpstreamSettings = z.output<(typeof KINDS)[keyof typeof KINDS]> | Upstream

/** One upstream; its kind decides which settings it has. */
export const upstreamSchema = delegate<UpstreamInput, UpstreamSettings>((input) => {
  if (typeof input === 'function') return own
  const kind = findKind(input)
  return kind === undefined ? kindless.loose() : KINDS[kind]
})

/** Kind of an upstream that may be anything; `undefined` if it is none. */
export function findKind(input: unknown): keyof typeof KINDS | undefined {
  const kind: unknown =
    typeof input === 'object' && input !== null ? Reflect.get(input, 'kind') : undefined
  return isKind(kind) ? kind : undefined
}

function isKind(kind: unknown): kind is keyof typeof KINDS {
  return typeof kind === 'string' && Object.hasOwn(KINDS, kind)
}
