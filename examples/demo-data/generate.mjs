import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { PMTiles } from 'pmtiles'
import { FONTS } from './fonts.mjs'
import { makeGlyphs } from './glyphs.mjs'
import { makePlacesGeojson } from './places.mjs'
import { writePmtiles } from './pmtiles-writer.mjs'
import { makeRasterTiles } from './raster-tiles.mjs'
import { makeSprite } from './sprite.mjs'
import { makeVectorTiles } from './vector-tiles.mjs'

const at = (path) => new URL(path, import.meta.url)

async function save(path, data) {
  await writeFile(at(path), data)
  console.log(`${path}  ${(data.length / 1000).toFixed(1)} kB`)
}

/** Reads an archive back with the reference implementation and compares every tile. */
async function verify(path, tiles, { gunzip }) {
  const file = await readFile(at(path))
  const archive = new PMTiles({
    getKey: () => path,
    getBytes: async (offset, length) => {
      const bytes = file.subarray(offset, offset + length)
      return { data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) }
    },
  })
  for (const { z, x, y, data } of tiles) {
    const read = await archive.getZxy(z, x, y)
    const expected = gunzip ? gunzip(data) : data
    if (!read || Buffer.compare(Buffer.from(read.data), expected) !== 0) {
      throw new Error(
        `${path}: tile ${z}/${x}/${y} differs from what was written; check pmtiles-writer.mjs`,
      )
    }
  }
  const header = await archive.getHeader()
  const metadata = await archive.getMetadata()
  console.log(
    `${path}  ${tiles.length} tiles verified, z${header.minZoom}–${header.maxZoom}, "${metadata.name}"`,
  )
}

const vector = makeVectorTiles()
await save(
  'world.pmtiles',
  writePmtiles(vector.tiles, { tileType: 1, gzip: true, metadata: vector.metadata }),
)
await verify('world.pmtiles', vector.tiles, { gunzip: gunzipSync })

const raster = await makeRasterTiles()
await save(
  'world-raster.pmtiles',
  writePmtiles(raster.tiles, { tileType: 4, gzip: false, metadata: raster.metadata }),
)
await verify('world-raster.pmtiles', raster.tiles, {})

await save('places.geojson', makePlacesGeojson())

for (const name of Object.keys(FONTS)) {
  await mkdir(at(`glyphs/${name}/`), { recursive: true })
  await save(`glyphs/${name}/0-255.pbf`, makeGlyphs(name))
}
for (const [ratio, suffix] of [
  [1, ''],
  [2, '@2x'],
]) {
  const { json, png } = await makeSprite(ratio)
  await save(`sprite${suffix}.json`, `${JSON.stringify(json)}\n`)
  await save(`sprite${suffix}.png`, png)
}
