import { checkTileClaims, parseTileClaims, type TileClaims } from '@tilepass/guard'
import { z } from 'zod'

/** Tile claims as settings; the rules are the guard's. */
export const tilesSchema: z.ZodType<TileClaims, TileClaims> = z
  .custom<TileClaims>()
  .superRefine((value, context) => {
    for (const { member, rule } of checkTileClaims(value))
      context.addIssue({ code: 'custom', path: member ? [member] : [], message: rule })
  })

/** Names by which command line and forms give tile claims. */
export const TILE_FIELDS = ['tilesets', 'bbox', 'minzoom', 'maxzoom'] as const

/** Tile claims as command line and forms give them. */
export type TileTexts = Partial<Readonly<Record<(typeof TILE_FIELDS)[number], string | undefined>>>

/**
 * Reads tile claims from texts: `tilesets` and `bbox` separated by commas.
 *
 * @returns `undefined` if there are none.
 * @throws `RangeError` naming the field and its rule.
 */
export function parseTileTexts(texts: TileTexts): TileClaims | undefined {
  const given = readTileTexts(texts)
  return given && parseTileClaims(given)
}

/** The same without a check: what is no number is `NaN`. */
export function readTileTexts(texts: TileTexts): Readonly<Record<string, unknown>> | undefined {
  const { tilesets, bbox, minzoom, maxzoom } = texts
  const given = {
    ...(tilesets !== undefined && { tilesets: tilesets.split(',') }),
    ...(bbox !== undefined && { bbox: bbox.split(',').map(readNumber) }),
    ...(minzoom !== undefined && { minzoom: readNumber(minzoom) }),
    ...(maxzoom !== undefined && { maxzoom: readNumber(maxzoom) }),
  }
  return Object.keys(given).length === 0 ? undefined : given
}

// `Number` alone takes an empty text for 0, and takes "0x10".
function readNumber(text: string): number {
  return /^-?\d{1,9}(?:\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN
}
