import type { TileClaims, TokenClaims } from '@tilepass/guard'
import { narrowTileClaims } from '@tilepass/guard/broker'
import { coversUrls } from './mapbox/allowed-urls.ts'
import type { Restrictions } from './mapbox/restrictions.ts'
import { findScopes, isSubset } from './scopes.ts'

/** What a token permits, and until when. A list of restrictions that is empty or absent restricts nothing. */
export interface Rights extends Restrictions {
  readonly scopes: readonly string[]
  /** Seconds since 1970; a token without it never ends. */
  readonly exp?: number | undefined
  readonly tiles?: TileClaims | undefined
  /** The pages that may use it. */
  readonly allowedUrls?: readonly string[]
}

/** What a token in JWT format permits. */
export function toRights({ scope, exp, tiles }: TokenClaims): Rights {
  return { scopes: findScopes(scope) ?? [], exp, tiles }
}

/** A dimension in which one token can be wider than another. */
export type Dimension = keyof Rights

/** What is permitted, or the dimension in which it would exceed what may be given. */
export type Narrowed =
  | { readonly rights: Rights; readonly exceeded?: undefined }
  | { readonly rights?: undefined; readonly exceeded: Dimension }

/**
 * Decides what a token may make: nothing that is wider than itself in any dimension. Dimensions that
 * `wanted` leaves out are inherited, and so are the members of tile claims. A request is never reduced
 * silently.
 */
export function narrow(authority: Rights, wanted: Partial<Rights>): Narrowed {
  const tiles = wanted.tiles ? { ...authority.tiles, ...wanted.tiles } : authority.tiles
  const rights = { ...authority, ...wanted, tiles }
  const exceeded = DIMENSIONS.find((dimension) => !isWithin(dimension, authority, rights))
  return exceeded ? { exceeded } : { rights }
}

/**
 * Decides how a token may change another one: it may always narrow it. If the change widens a
 * dimension, the result must be within the authority in every dimension. Otherwise a token could lift a
 * restriction from rights that it does not have.
 */
export function judgeChange(authority: Rights, current: Rights, wanted: Partial<Rights>): Narrowed {
  const rights = { ...current, ...wanted }
  const widened = DIMENSIONS.find((dimension) => !isWithin(dimension, current, rights))
  const isPermitted = DIMENSIONS.every((dimension) => isWithin(dimension, authority, rights))
  return widened === undefined || isPermitted ? { rights } : { exceeded: widened }
}

/** Is there a restriction besides its scopes and its end? */
export function isRestricted(rights: Rights): boolean {
  return RESTRICTIONS.some((dimension) => !isWithin(dimension, rights, { scopes: [] }))
}

const RESTRICTIONS: readonly Dimension[] = [
  'tiles',
  'allowedUrls',
  'resources',
  'allowedApplications',
]
const DIMENSIONS: readonly Dimension[] = ['scopes', 'exp', ...RESTRICTIONS]

/** Is `given` at most as wide as `held`, by dimension? */
const WITHIN: Readonly<Record<Dimension, (held: Rights, given: Rights) => boolean>> = {
  scopes: (held, given) => isSubset(given.scopes, held.scopes),
  exp: ({ exp: held }, { exp: given }) =>
    held === undefined || (given !== undefined && given <= held),
  tiles: ({ tiles: held }, { tiles: given }) =>
    held === undefined ||
    (given !== undefined &&
      Object.keys(held).every((member) => Object.hasOwn(given, member)) &&
      narrowTileClaims(held, given) !== undefined),
  allowedUrls: (held, given) => isListWithin(held.allowedUrls, given.allowedUrls, coversUrls),
  resources: (held, given) =>
    isListWithin(held.resources, given.resources, (permitted, wanted) =>
      isSubset(wanted, permitted),
    ),
  allowedApplications: (held, given) =>
    isListWithin(held.allowedApplications, given.allowedApplications, (permitted, wanted) =>
      wanted.every(({ bundleId, platform }) =>
        permitted.some((one) => one.bundleId === bundleId && one.platform === platform),
      ),
    ),
}

function isWithin(dimension: Dimension, held: Rights, given: Rights): boolean {
  return WITHIN[dimension](held, given)
}

function isListWithin<T>(
  held: readonly T[] = [],
  given: readonly T[] = [],
  covers: (held: readonly T[], given: readonly T[]) => boolean,
): boolean {
  return held.length === 0 || (given.length > 0 && covers(held, given))
}
