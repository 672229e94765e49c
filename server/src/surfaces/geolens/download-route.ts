import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Router } from 'express'
import { allowEveryOrigin } from '../../http/cors.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import { findReadable } from './access.ts'
import { NotARasterError, RasterNotFoundError } from './errors.ts'
import { readDatasetId, readParameter } from './parameters.ts'
import type { GeoLensSurface } from './surface.ts'

/** `GET|HEAD /datasets/{id}/download/cog`: the catalogue's file, whole or in ranges. */
export function createDownloadRoute(surface: GeoLensSurface): Router {
  const { store, callers, downloadTokens } = surface
  const router = Router({ caseSensitive: true, strict: true })
  router
    .route('/datasets/:id/download/cog')
    .all(allowEveryOrigin('GET, HEAD, OPTIONS'))
    .all((_request, response, next) => {
      // The URL may hold a token, which must not leave as a Referer.
      response.set('Referrer-Policy', 'no-referrer').vary('Authorization').vary('X-Api-Key')
      next()
    })
    .get(async (request, response) => {
      const caller = await callers.find(request)
      const token = readParameter(request, 'token')
      const id = readDatasetId(request)
      const dataset = await findReadable(store, downloadTokens, { id, caller, token })
      if (dataset.kind !== 'raster') throw new NotARasterError()
      const file = await findFile(dataset.path)
      if (!file) throw new RasterNotFoundError()
      // fetch adds `no-cache` to every conditional request that a page makes by hand; Express would
      // then send the whole file to whoever has it already.
      delete request.headers['cache-control']
      response.attachment(`${dataset.name}.tif`).set({
        'Content-Type': 'image/tiff; application=geotiff; profile=cloud-optimized',
        'Cache-Control': 'private, no-cache',
        ETag: `"${file.size.toString(36)}-${file.mtimeNs.toString(36)}-${file.ino.toString(36)}"`,
        'X-Content-Type-Options': 'nosniff',
      })
      response.sendFile(dataset.path, { cacheControl: false, dotfiles: 'allow' })
    })
    .all(refuseOtherMethods('GET, HEAD, OPTIONS'))
  return router
}

async function findFile(path: string): Promise<BigIntStats | undefined> {
  try {
    const found = await stat(path, { bigint: true })
    return found.isFile() ? found : undefined
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return
    throw error
  }
}
