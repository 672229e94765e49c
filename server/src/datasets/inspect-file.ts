import { open, realpath } from 'node:fs/promises'

/** What a file is, as the catalogue keeps it. */
export interface InspectedFile {
  /** Absolute, without symbolic links. */
  readonly path: string
  readonly kind: 'raster' | 'other'
}

/** First bytes of TIFF and BigTIFF in both byte orders; a COG is one of them. */
const TIFF = ['49492a00', '4d4d002a', '49492b00', '4d4d002b']

/**
 * Looks at a file that is to enter the catalogue.
 *
 * @throws Node's error if it cannot be read, `TypeError` if it is no file.
 */
export async function inspectFile(path: string): Promise<InspectedFile> {
  const file = await open(path, 'r')
  try {
    if (!(await file.stat()).isFile()) throw new TypeError('it is no file')
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    const isTiff = TIFF.includes(buffer.toString('hex'))
    return { path: await realpath(path), kind: isTiff ? 'raster' : 'other' }
  } finally {
    await file.close()
  }
}
