import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Router } from 'express'
import { toAddressKey } from '../../http/address-key.ts'
import { allowEveryOrigin } from '../../http/cors.ts'
import { findParameter, readQuery } from '../../http/query.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import type { DownloadAccess } from '../../issuer/download-access.ts'
import { createConcurrencyLimit } from '../../limits/concurrency-limit.ts'
import { parseDatasetId } from './dataset-id.ts'
import {
  NotARasterError,
  NotAuthenticatedError,
  RasterNotFoundError,
  toDownloadError,
} from './errors.ts'
import { replaceFileErrors } from './file-errors.ts'
import type { FindCaller } from './find-caller.ts'
import { toServedRange } from './served-range.ts'

/** What the download route needs. */
export interface DownloadRouteParts {
  readonly findCaller: FindCaller
  readonly access: Pick<DownloadAccess, 'decide'>
}

const SEND_OPTIONS = {
  cacheControl: false,
  dotfiles: 'allow',
  // Small parts show how fast a client reads.
  highWaterMark: 16 * 1024,
} as const

/** `GET|HEAD /datasets/{id}/download/cog`: the file of a dataset, whole or in ranges. */
export function createDownloadRoute({ findCaller, access }: DownloadRouteParts): Router {
  const router = createRouter()
  const limit = createConcurrencyLimit({ perKey: 16, total: 256, patience: 5_000 })
  addRoute(router, '/datasets/:id/download/cog', {
    cors: allowEveryOrigin,
    all: (_request, response, next) => {
      // The URL may contain a token, which must not be sent on as a Referer.
      response.set('Referrer-Policy', 'no-referrer').vary('Authorization').vary('X-Api-Key')
      next()
    },
    get: async (request, response) => {
      const caller = await findCaller(request, 'download')
      const repeated = () => new NotAuthenticatedError()
      const token = findParameter(readQuery(request), 'token', repeated)
      const id = parseDatasetId(request)
      const decision = await access.decide({ id, account: caller?.account, token })
      if (!decision.dataset) throw toDownloadError(decision.refusal)
      const { name, kind, path } = decision.dataset
      if (kind !== 'raster') throw new NotARasterError()
      const file = await findFile(path)
      if (!file) throw new RasterNotFoundError()
      // fetch() adds `no-cache` to a conditional request that a page writes itself; Express would then
      // send the whole file although the page has it.
      delete request.headers['cache-control']
      const range = toServedRange(request.method, request.headers.range, file.size)
      if (range === undefined) delete request.headers.range
      else request.headers.range = range
      response.attachment(`${name}.tif`).set({
        'Content-Type': 'image/tiff; application=geotiff; profile=cloud-optimized',
        'Cache-Control': 'private, no-cache',
        ETag: `"${file.size.toString(36)}-${file.mtimeNs.toString(36)}-${file.ino.toString(36)}"`,
        'X-Content-Type-Options': 'nosniff',
      })
      await limit.enter(toAddressKey(request.ip), response)
      response.sendFile(path, SEND_OPTIONS)
    },
  })
  router.use('/datasets', replaceFileErrors)
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
