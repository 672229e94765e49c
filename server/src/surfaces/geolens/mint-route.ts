import { type Request, Router } from 'express'
import { allowEveryOrigin } from '../../http/cors.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import { DOWNLOAD_SECONDS } from '../../issuer/download-tokens.ts'
import { toLimitKey } from '../../limits/address.ts'
import { findDataset } from '../../store/datasets.ts'
import { mayRead } from './access.ts'
import type { Caller } from './callers.ts'
import { DatasetNotFoundError, ReadOnlyKeyError } from './errors.ts'
import { readDatasetId } from './parameters.ts'
import type { GeoLensSurface } from './surface.ts'

/** `POST /auth/download-token/{id}`; its API has no body, so none is read. */
export function createMintRoute(surface: GeoLensSurface): Router {
  const { store, callers, downloadTokens, limit } = surface
  const router = Router({ caseSensitive: true, strict: true })

  // Whoever presents a bad credential is counted by address, like nobody in particular.
  const admit = async (request: Request): Promise<Caller | undefined> => {
    const caller = await callers.find(request).catch(async (error: unknown) => {
      await limit.consume(`address ${toLimitKey(request.ip)}`)
      throw error
    })
    await limit.consume(caller ? `account ${caller.account}` : `address ${toLimitKey(request.ip)}`)
    return caller
  }

  router
    .route('/auth/download-token/:id')
    .all(allowEveryOrigin('POST, OPTIONS'))
    .post(async (request, response) => {
      const caller = await admit(request)
      if (caller?.isReadOnly) throw new ReadOnlyKeyError()
      const id = readDatasetId(request)
      const dataset = await findDataset(store, id)
      if (!dataset || !mayRead(dataset, caller?.account)) throw new DatasetNotFoundError()
      const token = await downloadTokens.create({ dataset: id, account: caller?.account })
      response
        .set({
          'Cache-Control': 'no-store',
          'X-Content-Type-Options': 'nosniff',
          'Referrer-Policy': 'no-referrer',
        })
        .json({ token, expires_in: DOWNLOAD_SECONDS })
    })
    .all(refuseOtherMethods('POST, OPTIONS'))
  return router
}
