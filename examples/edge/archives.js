import { EtagMismatch, FetchSource, PMTiles, ResolvedValueCache, TileType } from 'pmtiles'

const TYPES = new Map([
  [TileType.Mvt, ['mvt', 'application/vnd.mapbox-vector-tile']],
  [TileType.Png, ['png', 'image/png']],
  [TileType.Jpeg, ['jpg', 'image/jpeg']],
  [TileType.Webp, ['webp', 'image/webp']],
  [TileType.Avif, ['avif', 'image/avif']],
])

/** Headers and directories of archives. Values only: a request must not await what another one started. */
const directories = new ResolvedValueCache(100)

/** What the rules of the guard match: read in the same way here, or not at all. */
const TILE = /^\/([\w-]+)\/(\d{1,2})\/(\d{1,9})\/(\d{1,9})\.(\w+)$/
const TILEJSON = /^\/([\w-]+)\.json$/

/**
 * Answers `/{tileset}/{z}/{x}/{y}.{ext}` and `/{tileset}.json` from PMTiles archives: from the bucket
 * `BUCKET`, or by ranges from `ARCHIVES`, a URL such as `https://files.example/{tileset}.pmtiles`.
 */
export async function answerFromArchive(request, env) {
  const { pathname } = new URL(request.url)
  const [, document] = TILEJSON.exec(pathname) ?? []
  const [, tileset = document, z, x, y, ext] = TILE.exec(pathname) ?? []
  if (!tileset) return new Response('no such tile', { status: 404 })
  const archive = new PMTiles(createSource(tileset, env), directories)
  try {
    if (!document) return await answerWithTile(archive, [z, x, y].map(Number), ext)
    return Response.json(await archive.getTileJson(`${env.TILES_URL}/${tileset}`))
  } catch (error) {
    if (error instanceof AbsentArchive) return new Response('no such tileset', { status: 404 })
    throw error
  }
}

async function answerWithTile(archive, [z, x, y], ext) {
  const { tileType, maxZoom, etag } = await archive.getHeader()
  const [extension, type] = TYPES.get(tileType) ?? []
  if (ext !== extension || z > maxZoom || Math.max(x, y) >= 2 ** z)
    return new Response('no such tile', { status: 404 })
  const tile = await archive.getZxy(z, x, y)
  if (!tile) return new Response(null, { status: 204 })
  const headers = { 'Content-Type': type, 'Cache-Control': 'max-age=3600' }
  // The archive's own ETag changes with its content; so do those of its tiles.
  if (etag) headers.ETag = `"${etag.replace(/^W\//, '').replaceAll('"', '')}-${z}-${x}-${y}"`
  return new Response(tile.data, { headers })
}

class AbsentArchive extends Error {}

/** Where pmtiles reads ranges from. */
function createSource(tileset, { BUCKET, ARCHIVES }) {
  if (ARCHIVES) return new FetchSource(ARCHIVES.replace('{tileset}', encodeURIComponent(tileset)))
  return {
    getKey: () => tileset,
    getBytes: async (offset, length, _signal, etag) => {
      const options = { range: { offset, length }, onlyIf: etag && { etagMatches: etag } }
      const object = await BUCKET.get(`${tileset}.pmtiles`, options)
      if (!object) throw new AbsentArchive()
      // Without a body the archive is another one by now.
      if (!object.body) throw new EtagMismatch()
      return { data: await object.arrayBuffer(), etag: object.etag }
    },
  }
}
