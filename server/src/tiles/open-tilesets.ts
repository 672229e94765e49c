import { ConfigError } from '../settings/config-error.ts'
import { openTileset, type Tileset } from './tileset.ts'

/** The settings of a tileset. */
export interface TilesetSettings {
  readonly path: string
  readonly attribution?: string | undefined
}

/**
 * Opens every configured tileset; if one of them fails, the others are closed again.
 *
 * @throws {@link ConfigError} naming every file that cannot be served.
 */
export async function openTilesets(
  settings: Readonly<Record<string, TilesetSettings>>,
): Promise<ReadonlyMap<string, Tileset>> {
  const tilesets = new Map<string, Tileset>()
  const faults: string[] = []
  for (const [name, { path, attribution }] of Object.entries(settings)) {
    try {
      tilesets.set(name, await openTileset(name, path, attribution))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      faults.push(`tilesets.${name}.path: must be a PMTiles file: ${why} (given: "${path}")`)
    }
  }
  if (faults.length === 0) return tilesets
  await Promise.all([...tilesets.values()].map((tileset) => tileset.close()))
  throw new ConfigError(faults)
}
