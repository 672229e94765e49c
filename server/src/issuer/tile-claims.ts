import type { TileClaims } from '@tilepass/guard'
import { checkTileClaims, parseTileClaims } from '@tilepass/guard/broker'
import { z } from 'zod'

/** Schema of tile claims in settings, with the rules of the guard. */
export const tilesSchema: z.ZodType<TileClaims, TileClaims> = z
  .custom<TileClaims>()
  .superRefine((value, context) => {
    for (const { member, rule } of checkTileClaims(value))
      context.addIssue({ code: 'custom', path: member ? [member] : [], message: rule })
  })
  // For the JSON Schema: the rules are the guard's, which knows no zod.
  .meta({
    type: 'object',
    properties: {
      tilesets: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        description: 'Names of tilesets.',
      },
      bbox: {
        type: 'array',
        items: { type: 'number' },
        minItems: 4,
        maxItems: 4,
        description: 'West, south, east, north in degrees; west > east crosses the antimeridian.',
      },
      minzoom: { type: 'integer', minimum: 0, description: 'Lowest zoom.' },
      maxzoom: { type: 'integer', minimum: 0, description: 'Highest zoom.' },
    },
    additionalProperties: false,
  })

/** Names of tile claims as command-line options and form parameters. */
export const TILE_FIELDS = ['tilesets', 'bbox', 'minzoom', 'maxzoom'] as const

/** Tile claims as text, from options or parameters. */
export type TileTexts = Partial<Readonly<Record<(typeof TILE_FIELDS)[number], string | undefined>>>

/**
 * Parses tile claims from text: `tilesets` and `bbox` are lists separated by commas.
 *
 * @returns `undefined` if no claim is given.
 * @throws `RangeError` naming the field and its rule.
 */
export function parseTileTexts(texts: TileTexts): TileClaims | undefined {
  const given = readTileTexts(texts)
  return given && parseTileClaims(given)
}

/** Reads tile claims from text without checking them: text that is not a number becomes `NaN`. */
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

// `Number` alone would read an empty text as 0, and accept "0x10".
function readNumber(text: string): number {
  return /^-?\d{1,9}(?:\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN
}
