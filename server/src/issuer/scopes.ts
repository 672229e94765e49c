// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), separated by single spaces.
const SCOPES = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

/**
 * Splits a list of scopes in the form of RFC 6749 §3.3, without duplicates and in the order given;
 * `undefined` if it does not have that form.
 */
export function findScopes(list: string): readonly string[] | undefined {
  return SCOPES.test(list) ? [...new Set(list.split(' '))] : undefined
}

/** Every scope that a token in JWT format can have. */
export const JWT_SCOPES: readonly string[] = [
  'tiles:read',
  'places:read',
  'billing:manage',
  'admin:access',
]

/** The scopes of a list, if all of them are {@link JWT_SCOPES}. */
export function findJwtScopes(list: string): readonly string[] | undefined {
  const scopes = findScopes(list)
  return scopes && isSubset(scopes, JWT_SCOPES) ? scopes : undefined
}

/** Is every scope among the permitted ones, as an exact string? */
export function isSubset(scopes: readonly string[], permitted: readonly string[]): boolean {
  return scopes.every((scope) => permitted.includes(scope))
}
