import type { Request, Router } from 'express'
import { toAddressKey } from '../../http/address-key.ts'
import { allowEveryOrigin } from '../../http/cors.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import type { DownloadAccess } from '../../issuer/download-access.ts'
import type { RateLimit } from '../../limits/rate-limit.ts'
import { parseDatasetId } from './dataset-id.ts'
import { DatasetNotFoundError, NotAuthenticatedError } from './errors.ts'
import type { Caller, FindCaller } from './find-caller.ts'

/** What the route of download tokens needs. */
export interface DownloadTokenRouteParts {
  readonly findCaller: FindCaller
  readonly access: Pick<DownloadAccess, 'mint'>
  /** Limits the requests of an account, or of an address. */
  readonly limit: RateLimit
}

/** `POST /auth/download-token/{id}`. The API defines no body, so none is read. */
export function createDownloadTokenRoute(parts: DownloadTokenRouteParts): Router {
  const { findCaller, access, limit } = parts
  const router = createRouter()

  // A client with an invalid credential is counted by its address, like an anonymous one.
  const admit = async (request: Request): Promise<Caller | undefined> => {
    const caller = await findCaller(request, 'make download token').catch(
      async (error: unknown) => {
        await limit.consume(`address ${toAddressKey(request.ip)}`)
        throw error
      },
    )
    await limit.consume(
      caller ? `account ${caller.account}` : `address ${toAddressKey(request.ip)}`,
    )
    return caller
  }

  addRoute(router, '/auth/download-token/:id', {
    cors: allowEveryOrigin,
    post: async (request, response) => {
      const caller = await admit(request)
      const minted = await access.mint(parseDatasetId(request), caller)
      if (!minted) throw new DatasetNotFoundError()
      if (minted === 'maker has ended') throw new NotAuthenticatedError()
      response
        .set({
          'Cache-Control': 'no-store',
          'X-Content-Type-Options': 'nosniff',
          'Referrer-Policy': 'no-referrer',
        })
        .json({ token: minted.token, expires_in: minted.expiresInSeconds })
    },
  })
  return router
}
