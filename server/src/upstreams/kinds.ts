import { isRecord } from '@tilepass/guard/broker'
import { custom } from './custom.ts'
import { geog } from './geog.ts'
import { geolens } from './geolens.ts'
import type { UpstreamKind } from './kind.ts'
import { login } from './login.ts'
import { mapbox } from './mapbox.ts'
import { oauth } from './oauth.ts'

/** Every kind that a configuration can name. */
export const UPSTREAM_KINDS = [geog, mapbox, geolens, login, oauth] as const

/** The kind of an upstream's settings, which may be invalid; `undefined` if they name no known kind. */
export function findUpstreamKind(
  settings: unknown,
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): UpstreamKind | undefined {
  if (typeof settings === 'function') return custom
  return isRecord(settings) ? kinds.find(({ name }) => name === settings.kind) : undefined
}
