import type { TokenManager } from '@tilepass/core'
import { createGeotiffClient } from '@tilepass/core/geotiff'
import { fromCustomClient, type GeoTIFFImage } from 'geotiff'
import type { TileCounts } from '../shared/tile-counts.ts'

/** One resolution of the image. */
export interface Level {
  readonly width: number
  readonly height: number
  /**
   * Reads a window, in pixels of this level. It decodes in the page: geotiff's pool starts its workers
   * from blob URLs, which the pages' CSP forbids.
   */
  read(window: readonly [x0: number, y0: number, x1: number, y1: number]): Promise<Part>
}

/** Pixels and their place in the whole image, from 0 to 1 on both axes. */
export interface Part {
  readonly canvas: HTMLCanvasElement
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/**
 * Without blocks geotiff requests each tile offset separately, four bytes at a time. Its types lack
 * `blockSize`.
 */
const BLOCKS = { maxRanges: 0, blockSize: 16_384 }

/** Opens a cloud-optimized GeoTIFF and resolves to its levels, the most detailed first. */
export async function openLevels(
  tokens: Pick<TokenManager, 'fetch'>,
  url: string,
): Promise<readonly [Level, ...Level[]]> {
  const tiff = await fromCustomClient(createGeotiffClient(tokens, url), BLOCKS)
  const finest = toLevel(await tiff.getImage(0))
  const overviews: Level[] = []
  for (let index = 1; index < (await tiff.getImageCount()); index++)
    overviews.push(toLevel(await tiff.getImage(index)))
  return [finest, ...overviews]
}

/**
 * Wraps `tokens.fetch` to count the requested ranges. It bypasses the HTTP cache, so that each reaches the server.
 *
 * @param isWanted Whether the read that requests them is the latest one.
 */
export function countRanges(
  tokens: Pick<TokenManager, 'fetch'>,
  counts: TileCounts,
  isWanted: () => boolean,
): Pick<TokenManager, 'fetch'> {
  return {
    async fetch(input, init) {
      const range = new Headers(init?.headers).get('range') ?? ''
      try {
        const response = await tokens.fetch(input, { ...init, cache: 'no-store' })
        if (response.ok) counts.load(range)
        else counts.fail(range, isWanted)
        return response
      } catch (error) {
        counts.fail(range, isWanted)
        throw error
      }
    },
  }
}

function toLevel(image: GeoTIFFImage): Level {
  const width = image.getWidth()
  const height = image.getHeight()
  return {
    width,
    height,
    async read(window) {
      const [x0, y0, x1, y1] = window
      const rgb = await image.readRGB({ window: [...window], interleave: true })
      return {
        canvas: paint(rgb, x1 - x0, y1 - y0),
        x: x0 / width,
        y: y0 / height,
        width: (x1 - x0) / width,
        height: (y1 - y0) / height,
      }
    },
  }
}

function paint(rgb: ArrayLike<number>, width: number, height: number): HTMLCanvasElement {
  const pixels = new ImageData(width, height)
  for (let from = 0, to = 0; to < pixels.data.length; from += 3, to += 4) {
    pixels.data[to] = rgb[from] ?? 0
    pixels.data[to + 1] = rgb[from + 1] ?? 0
    pixels.data[to + 2] = rgb[from + 2] ?? 0
    pixels.data[to + 3] = 255
  }
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  canvas.getContext('2d')?.putImageData(pixels, 0, 0)
  return canvas
}
