import { open, realpath } from 'node:fs/promises'

/** What the catalogue records about a file. */
export interface InspectedFile {
  /** Absolute, without symbolic links. */
  readonly path: string
  readonly kind: 'raster' | 'other'
}

/** The first bytes of TIFF and BigTIFF in both byte orders; a COG is a TIFF or BigTIFF. */
const TIFF = ['49492a00', '4d4d002a', '49492b00', '4d4d002b']

/**
 * Inspects a file before it is added to the catalogue.
 *
 * @throws Node's error if it cannot be read, `TypeError` if it is not a regular file.
 */
export async function inspectFile(path: string): Promise<InspectedFile> {
  const file = await open(path, 'r')
  try {
    if (!(await file.stat()).isFile()) throw new TypeError('not a regular file')
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    const isTiff = TIFF.includes(buffer.toString('hex'))
    return { path: await realpath(path), kind: isTiff ? 'raster' : 'other' }
  } finally {
    await file.close()
  }
}
