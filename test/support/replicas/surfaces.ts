import { type Answer, parseJson } from './answer.ts'

/** How a surface behaves while something is away, as the documentation says. */
interface Surface {
  /** The members that a refusal of this surface has. */
  readonly refusal: readonly string[]
  /** Is it served by what is known while the database is away? */
  readonly isKnown?: true
  /** Does nginx ask another replica where the answer of one got lost? */
  readonly isRepeated?: true
}

const geog: Surface = { refusal: ['success', 'error', 'message', 'code'] }
const login: Surface = { refusal: ['error', 'message'] }
const oauth: Surface = { refusal: ['error', 'error_description'] }
const mapbox: Surface = { refusal: ['message'] }
const geolens: Surface = { refusal: ['type', 'title', 'status', 'detail'] }

export const SURFACES = {
  '/map-token': { refusal: ['error'], isRepeated: true },
  'exchange (/v1/auth/token)': { ...geog, isRepeated: true },
  'TileServer tile (/verify)': { refusal: ['error'], isKnown: true, isRepeated: true },
  'broker tile': { ...geog, isKnown: true, isRepeated: true },
  'broker tile, Mapbox token': geog,
  '/v1/places': geog,
  'token created (/v1/admin)': geog,
  'token revoked (/v1/admin)': geog,
  'tokens listed (/v1/admin)': geog,
  'account disabled (/v1/admin)': geog,
  'key rotated (/v1/admin)': geog,
  'sign-in (/token)': login,
  'refresh (/token)': login,
  '/account': login,
  '/logout': login,
  '/oauth/token': oauth,
  '/oauth/introspect': oauth,
  '/oauth/revoke': oauth,
  'Mapbox token created': mapbox,
  'Mapbox tokens listed': mapbox,
  'Mapbox token deleted': mapbox,
  'GeoLens download token': geolens,
  'GeoLens download': geolens,
  'jwks.json': { refusal: ['error'], isRepeated: true },
  'revocations.json': { refusal: ['error'], isRepeated: true },
} satisfies Readonly<Record<string, Surface>>

export type SurfaceName = keyof typeof SURFACES

/** Something that was away, and for how long; ms of the steady clock. */
export interface Window {
  readonly what: 'killed' | 'ended' | 'database'
  readonly from: number
  readonly to: number
}

/**
 * Why a server error is one that the documentation names for this time.
 *
 * @returns `undefined` if it is not.
 */
export function findReason(
  name: SurfaceName,
  answer: Answer,
  windows: readonly Window[],
): Window['what'] | undefined {
  const surface: Surface = SURFACES[name]
  const overlaps = ({ from, to }: Window) => answer.endedAt >= from && answer.askedAt <= to
  const during = (what: Window['what']) =>
    windows.some((window) => window.what === what && overlaps(window))
  if (answer.status === 503 && during('database') && !surface.isKnown && isShaped(surface, answer))
    return 'database'
  if (answer.status !== 502 || surface.isRepeated) return
  return (['killed', 'ended'] as const).find(during)
}

/** Is it a refusal in the form of its API that says when to ask again? */
function isShaped({ refusal }: Surface, { text, headers }: Answer): boolean {
  const body = Object(parseJson(text))
  // A gateway has a body of its own for those whose answer it repeats.
  const isOwn = refusal.every((member) => Object.hasOwn(body, member))
  return isOwn && headers.has('retry-after') && headers.get('cache-control') === 'no-store'
}
