import type { TokenManager } from '@tilepass/core'
import {
  enter,
  LIBRARIES,
  openMap,
  openStyle,
  type ShownStyle,
  tilepass,
} from '../support/engines/page.ts'

/** What was loaded from one server. */
export interface Loaded {
  /** Tiles that failed, by library. */
  readonly failed: Readonly<Record<string, number>>
  /** A map whose style, TileJSON and GeoJSON are redirected. */
  readonly style: ShownStyle
  /** What the header of an archive says, and the size of its first tile. */
  readonly archive: { readonly maxZoom: number; readonly bytes: number | undefined }
  /** Tiles that failed where the bucket refuses, by status and library. */
  readonly refused: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** Loads every kind of resource from servers that redirect all of them to a bucket. */
export async function run(urls: Record<string, string>): Promise<Record<string, Loaded>> {
  const report: Record<string, Loaded> = {}
  for (const origin of ['page', 'tiles']) {
    const base = `${urls[origin]}/v1`
    const tokens = tilepass().createTokenManager('/map-token', { allow: [`${base}/`] })
    const failed = await countFailures(`${origin}: tiles`, `${base}/tiles`, tokens)
    await enter(`${origin}: style`)
    const style = await openStyle(`${base}/style.json`, tokens)
    await enter(`${origin}: archive`)
    const archive = await readArchive(`${base}/world.pmtiles`, tokens)
    const refused: Record<string, Record<string, number>> = {}
    for (const status of [401, 403])
      refused[status] = await countFailures(
        `${origin}: ${status}`,
        `${base}/refuse/${status}`,
        tokens,
      )
    tokens.dispose()
    report[origin] = { failed, style, archive, refused }
  }
  return report
}

/** Tiles of two places that fail, by library. What a failure sets off happens before the second is shown. */
async function countFailures(
  phase: string,
  base: string,
  tokens: TokenManager,
): Promise<Record<string, number>> {
  const failures: Record<string, number> = {}
  for (const library of LIBRARIES) {
    await enter(`${phase}, ${library}`)
    const map = await openMap(library, `${base}/${library}/{z}/{x}/{y}.png`, tokens)
    for (const place of [0, 1]) await map.show(place)
    failures[library] = map.failed()
    map.remove()
  }
  return failures
}

async function readArchive(url: string, tokens: TokenManager): Promise<Loaded['archive']> {
  const { createPmtilesArchive } = await import('/lib/tilepass-pmtiles.mjs' as string)
  const archive = createPmtilesArchive(tokens, url)
  const { maxZoom } = await archive.getHeader()
  return { maxZoom, bytes: (await archive.getZxy(0, 0, 0))?.data.byteLength }
}
