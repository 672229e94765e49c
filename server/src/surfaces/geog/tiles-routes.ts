import type { GuardHandler } from '@tilepass/guard'
import { toDailyLimitHeaders } from '@tilepass/guard/broker'
import type { Request, Response, Router } from 'express'
import { InvalidRequestError, NotFoundError } from '../../errors.ts'
import { type PublicUrl, toBaseUrl } from '../../http/public-url.ts'
import { addRoute, createRouter, refuseUnknownPath } from '../../http/router.ts'
import { createTileCache } from '../../tiles/tile-cache.ts'
import { toTileJson } from '../../tiles/tile-json.ts'
import type { Tileset } from '../../tiles/tileset.ts'
import type { DailyLimit } from '../../usage/daily-limit.ts'
import type { Usage } from '../../usage/usage.ts'

/** The names of the headers of the daily limit, for pages of other origins. */
const LIMIT_HEADERS = Object.keys(
  toDailyLimitHeaders({ limit: 0, remaining: 0, resetsAt: 0 }),
).join(', ')

/** The paths below `/v1/tiles`, for the guard. */
export const TILE_RULES = [
  '/{tileset}/{z}/{x}/{y}.{ext}',
  { document: '/{tileset}/metadata' },
] as const

/** What the tile routes need. */
export interface TilesRoutesParts {
  readonly tilesets: ReadonlyMap<string, Tileset>
  readonly guard: GuardHandler
  readonly usage: Pick<Usage, 'record'>
  /** Limits the tiles of an organisation in a day; it counts them instead of `usage`. */
  readonly limit: DailyLimit | undefined
  /** Base of the URLs in TileJSON. */
  readonly publicUrl: PublicUrl
}

/** `/v1/tiles/{tileset}/…`: the tiles (204 where empty) and the TileJSON of each tileset. */
export function createTilesRoutes(parts: TilesRoutesParts): Router {
  const { tilesets, guard, publicUrl } = parts
  const cache = createTileCache()
  const router = createRouter()
  router.use('/v1/tiles', (_request, response, next) => {
    response.set('X-Content-Type-Options', 'nosniff')
    next()
  })
  router.use('/v1/tiles', guard)

  addRoute(router, '/v1/tiles/:tileset/metadata', {
    get: (request, response) => {
      const tileset = getTileset(tilesets, request.params.tileset)
      response.json(toTileJson(tileset, toBaseUrl(request, publicUrl)))
    },
  })

  addRoute(router, '/v1/tiles/:tileset/:z/:x/:file', {
    get: async (request, response) => {
      const tileset = getTileset(tilesets, request.params.tileset)
      const { z, x, y } = parseTilePath(request.params, tileset.extensions)
      if (!tileset.isInRange(z, x, y)) throw new NotFoundError('Tile out of range')
      await countTile(parts, request, response)
      const { isGzipped } = tileset
      const acceptsGzip = isGzipped && request.acceptsEncodings('gzip') === 'gzip'
      const tile = await cache.find(tileset, { z, x, y, acceptsGzip })
      if (!tile) {
        response.status(204).end()
        return
      }
      if (isGzipped) response.vary('Accept-Encoding')
      if (acceptsGzip) response.setHeader('Content-Encoding', 'gzip')
      response.setHeader('Content-Type', tileset.contentType)
      response.setHeader('ETag', tile.etag)
      response.send(tile.body)
    },
  })

  router.use('/v1/tiles', refuseUnknownPath)
  return router
}

async function countTile(
  { usage, limit }: TilesRoutesParts,
  { auth }: Request,
  response: Response,
) {
  if (!auth) return
  if (!limit) return usage.record(auth, 'tiles')
  response.append('Access-Control-Expose-Headers', LIMIT_HEADERS)
  response.set(toDailyLimitHeaders(await limit.consume(auth)))
}

/** Where a tile is in the tile pyramid. */
export interface TileCoordinates {
  readonly z: number
  readonly x: number
  readonly y: number
}

const NUMBER = /^(?:0|[1-9]\d{0,9})$/
const FILE = /^(0|[1-9]\d{0,9})\.([a-z0-9]{1,5})$/

/** Reads the coordinates of a tile. @throws {@link InvalidRequestError} for other paths and extensions. */
export function parseTilePath(
  { z = '', x = '', file = '' }: Readonly<Record<string, string | undefined>>,
  extensions: readonly string[],
): TileCoordinates {
  const [, y, extension] = FILE.exec(file) ?? []
  if (!NUMBER.test(z) || !NUMBER.test(x) || y === undefined || extension === undefined)
    throw new InvalidRequestError('Tile path must be {z}/{x}/{y}.{extension}')
  if (!extensions.includes(extension))
    throw new InvalidRequestError(`Tile extension must be ${extensions.join(' or ')}`)
  return { z: Number(z), x: Number(x), y: Number(y) }
}

function getTileset(tilesets: ReadonlyMap<string, Tileset>, name: string | undefined): Tileset {
  const tileset = name === undefined ? undefined : tilesets.get(name)
  if (!tileset) throw new NotFoundError('There is no such tileset')
  return tileset
}
