import { InvalidTokenError } from '../errors.ts'
import { parseTileClaims, type TileClaims } from '../tiles/tile-claims.ts'

type Payload = Readonly<Record<string, unknown>>

/** Reads a claim that must be a non-empty string. @throws {@link InvalidTokenError} */
export function readString(payload: Payload, name: string): string {
  const value = payload[name]
  if (typeof value !== 'string' || value === '')
    throw new InvalidTokenError(`${name} must be a non-empty string`)
  return value
}

/** Reads a claim that must be a non-empty string if it is there. @throws {@link InvalidTokenError} */
export function readOptionalString(payload: Payload, name: string): string | undefined {
  return payload[name] === undefined ? undefined : readString(payload, name)
}

/** Reads `aud`: a string, or a list of strings. @throws {@link InvalidTokenError} */
export function readAudience(payload: Payload): string | readonly string[] {
  const value = payload.aud
  if (!Array.isArray(value)) return readString(payload, 'aud')
  return value.map((entry: unknown) => {
    if (typeof entry !== 'string') throw new InvalidTokenError('aud must contain only strings')
    return entry
  })
}

/** Is the expected audience the only one, or one of several? */
export function isForAudience(aud: string | readonly string[], expected: string): boolean {
  return typeof aud === 'string' ? aud === expected : aud.includes(expected)
}

/**
 * Reads the claim `tiles`. Also without `crit`: other issuers may be unable to set it, and the restriction
 * still holds.
 *
 * @throws {@link InvalidTokenError}
 */
export function readTiles(payload: Payload): TileClaims | undefined {
  if (payload.tiles === undefined) return
  try {
    return parseTileClaims(payload.tiles)
  } catch (cause) {
    throw new InvalidTokenError('tiles are not valid tile claims', { cause })
  }
}
