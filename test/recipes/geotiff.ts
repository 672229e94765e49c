import './tokens.ts'
import type { GeoTIFF } from 'geotiff'

declare global {
  /** Reads a window of the image, at this column and row. @returns How many different values it has. */
  var readWindow: (column: number, row: number) => Promise<number>
  /** Of the recipe: downloads the file. */
  var save: () => Promise<unknown>
}

const recipe: { tiff: GeoTIFF; save: () => Promise<unknown> } = await import('recipe:geotiff')
globalThis.save = recipe.save
globalThis.readWindow = async (column, row) => {
  const image = await recipe.tiff.getImage()
  const window = [column, row, column + 64, row + 64]
  const [band] = (await image.readRasters({ window })) as unknown as [Uint8Array]
  return new Set(band).size
}
