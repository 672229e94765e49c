import { InvalidScopesError } from './errors.ts'

/** A scope of the Mapbox catalogue. */
export interface MapboxScope {
  readonly id: string
  readonly description: string
  /** May a public token have it? */
  readonly isPublic: boolean
}

const PUBLIC: Readonly<Record<string, string>> = {
  'styles:tiles': 'Read styles as tiles.',
  'styles:read': 'Read styles.',
  'fonts:read': 'Read fonts.',
  'datasets:read': 'Read datasets.',
  'vision:read': 'Read Vision data.',
}

const SECRET: Readonly<Record<string, string>> = {
  'scopes:list': 'List all available scopes.',
  'map:read': 'Read maps.',
  'map:write': 'Create and change maps.',
  'user:read': 'Read the account.',
  'user:write': 'Change the account.',
  'uploads:read': 'Read uploads.',
  'uploads:list': 'List uploads.',
  'uploads:write': 'Create uploads.',
  'fonts:list': 'List fonts.',
  'fonts:write': 'Create and change fonts.',
  'styles:write': 'Create and change styles.',
  'styles:list': 'List styles.',
  'styles:download': 'Download styles.',
  'styles:protect': 'Protect styles from changes.',
  'tokens:read': 'Read tokens.',
  'tokens:write': 'Create, change and delete tokens.',
  'datasets:list': 'List datasets.',
  'datasets:write': 'Create and change datasets.',
  'tilesets:list': 'List tilesets.',
  'tilesets:read': 'Read tilesets.',
  'tilesets:write': 'Create and change tilesets.',
  'downloads:read': 'Read downloads.',
  'vision:download': 'Download Vision SDKs.',
  'navigation:download': 'Download Navigation SDKs.',
  'offline:read': 'Read offline packages.',
  'offline:write': 'Create and change offline packages.',
  'user-feedback:read': 'Read user feedback.',
}

const list = (scopes: Readonly<Record<string, string>>, isPublic: boolean): MapboxScope[] =>
  Object.entries(scopes).map(([id, description]) => ({ id, description, isPublic }))

/** Every scope that a token in Mapbox format can have. */
export const MAPBOX_SCOPES: readonly MapboxScope[] = [...list(PUBLIC, true), ...list(SECRET, false)]

/** The scopes of the default token of an account. */
export const PUBLIC_SCOPES: readonly string[] = Object.keys(PUBLIC)

/** Is this a scope of the catalogue? */
export function isMapboxScope(scope: string): boolean {
  return isPublicScope(scope) || Object.hasOwn(SECRET, scope)
}

/** May a public token have this scope? */
export function isPublicScope(scope: string): boolean {
  return Object.hasOwn(PUBLIC, scope)
}

/**
 * Asserts that a token with the permitted scopes may give these ones.
 *
 * @throws {@link InvalidScopesError} for a scope that is not in the catalogue, or not permitted.
 */
export function assertScopes(scopes: readonly string[], permitted: readonly string[]): void {
  if (!scopes.every((scope) => isMapboxScope(scope) && permitted.includes(scope)))
    throw new InvalidScopesError()
}
