import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { GuardHandler } from '@tilepass/guard'
import { type Request, type Response, Router } from 'express'
import { InvalidRequestError, NotFoundError } from '../../errors.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import type { PublicUrl } from '../../http/public-url.ts'
import { toTileJson } from '../../tiles/tile-json.ts'
import type { Tileset } from '../../tiles/tileset.ts'
import { LIMIT_HEADERS, toLimitHeaders } from '../../usage/daily-count.ts'
import type { DailyLimit } from '../../usage/daily-limit.ts'
import type { Usage } from '../../usage/usage.ts'

const unpack = promisify(gunzip)

/** What the paths below `/v1/tiles` are. */
export const TILE_RULES = [
  '/{tileset}/{z}/{x}/{y}.{ext}',
  { document: '/{tileset}/metadata' },
] as const

/** `/v1/tiles/{tileset}/…` behind the guard. */
export interface TilesRoutes {
  readonly tilesets: ReadonlyMap<string, Tileset>
  readonly guard: GuardHandler
  readonly usage: Usage
  /** Tiles a day and organisation; counted here instead of by `usage` alone. */
  readonly limit: DailyLimit | undefined
  /** URL of the broker's routes; without it TileJSON names paths on whatever host was asked. */
  readonly publicUrl: PublicUrl
}

/** Tiles (204 where empty) and TileJSON of each tileset. */
export function createTilesRoutes(routes: TilesRoutes): Router {
  const { tilesets, guard, publicUrl } = routes
  const router = Router({ caseSensitive: true, strict: true })
  router.use('/v1/tiles', (_request, response, next) => {
    response.set('X-Content-Type-Options', 'nosniff')
    next()
  })
  router.use('/v1/tiles', guard)

  router
    .route('/v1/tiles/:tileset/metadata')
    .get((request, response) => {
      const tileset = getTileset(tilesets, request.params.tileset)
      response.json(toTileJson(tileset, publicUrl.current ?? request.baseUrl))
    })
    .all(refuseOtherMethods('GET, HEAD'))

  router
    .route('/v1/tiles/:tileset/:z/:x/:file')
    .get(async (request, response) => {
      const tileset = getTileset(tilesets, request.params.tileset)
      const { z, x, y } = parseTilePath(request.params, tileset.extensions)
      if (!tileset.isInRange(z, x, y)) throw new NotFoundError('Tile out of range')
      await countTile(routes, request, response)
      const tile = await tileset.findTile(z, x, y)
      if (!tile) {
        response.status(204).end()
        return
      }
      const isPacked = tile.isGzipped && acceptsGzip(request)
      if (tile.isGzipped) response.vary('Accept-Encoding')
      if (isPacked) response.set('Content-Encoding', 'gzip')
      const body = tile.isGzipped && !isPacked ? await unpack(tile.data) : tile.data
      response.set('Content-Type', tileset.contentType).send(Buffer.from(body))
    })
    .all(refuseOtherMethods('GET, HEAD'))

  router.use('/v1/tiles', () => {
    throw new NotFoundError()
  })
  return router
}

async function countTile({ usage, limit }: TilesRoutes, { auth }: Request, response: Response) {
  if (!auth) return
  if (!limit) return usage.record(auth, 'tiles')
  response.append('Access-Control-Expose-Headers', LIMIT_HEADERS.join(', '))
  response.set(toLimitHeaders(await limit.consume(auth)))
}

/** A tile's place in the tile pyramid. */
export interface TilePlace {
  readonly z: number
  readonly x: number
  readonly y: number
}

const NUMBER = /^(?:0|[1-9]\d{0,9})$/
const FILE = /^(0|[1-9]\d{0,9})\.([a-z0-9]{1,5})$/

/** Reads a tile's place. @throws {@link InvalidRequestError} for other forms and extensions. */
export function parseTilePath(
  { z = '', x = '', file = '' }: Readonly<Record<string, string | undefined>>,
  extensions: readonly string[],
): TilePlace {
  const [, y, extension] = FILE.exec(file) ?? []
  if (!NUMBER.test(z) || !NUMBER.test(x) || y === undefined || extension === undefined)
    throw new InvalidRequestError('A tile is {z}/{x}/{y}.{extension}')
  if (!extensions.includes(extension))
    throw new InvalidRequestError(`Extension must be ${extensions.join(' or ')}`)
  return { z: Number(z), x: Number(x), y: Number(y) }
}

function getTileset(tilesets: ReadonlyMap<string, Tileset>, name: string | undefined): Tileset {
  const tileset = name === undefined ? undefined : tilesets.get(name)
  if (!tileset) throw new NotFoundError('There is no such tileset')
  return tileset
}

function acceptsGzip(request: Request): boolean {
  return request.acceptsEncodings('gzip') === 'gzip'
}
