import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { ConfigError } from '../settings/config-error.ts'

const placeSchema = z.object({
  type: z.literal('Feature'),
  geometry: z.object({
    type: z.literal('Point'),
    coordinates: z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]),
  }),
  properties: z.looseObject({ name: z.string().min(1), rank: z.number().default(0) }),
})
const fileSchema = z.object({
  type: z.literal('FeatureCollection'),
  features: z.array(placeSchema),
})

/** A named point as a GeoJSON feature. */
export type PlaceFeature = z.output<typeof placeSchema>

/** Places that can be searched by name. */
export interface Places {
  /**
   * Finds places whose name contains a word that starts with `query`, regardless of accents and case;
   * the lowest `rank` first, then by name.
   */
  search(query: string, limit: number): readonly PlaceFeature[]
}

/**
 * Loads places from a GeoJSON file: points with a `name` and an optional `rank`.
 *
 * @throws {@link ConfigError} for any other file.
 */
export async function openPlaces(path: string): Promise<Places> {
  let features: readonly PlaceFeature[]
  try {
    features = fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).features
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
    throw new ConfigError([
      `geog.places: must be a GeoJSON file of named points: ${why} (given: "${path}")`,
    ])
  }
  const entries = features
    .map((place) => ({ place, text: ` ${fold(place.properties.name)}` }))
    .sort((a, b) => a.place.properties.rank - b.place.properties.rank || (a.text < b.text ? -1 : 1))
  return {
    search: (query, limit) => {
      const start = ` ${fold(query)}`
      return entries
        .filter(({ text }) => text.includes(start))
        .slice(0, limit)
        .map(({ place }) => place)
    },
  }
}

function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}
