import type { GuardHandler } from '@tilepass/guard'
import { Router } from 'express'
import { InvalidRequestError, NotFoundError } from '../../errors.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import type { Places } from '../../places/places.ts'
import type { Usage } from '../../usage/usage.ts'
import { readParameter } from './parameters.ts'

const DEFAULT_LIMIT = 10
const MAX_LIMIT = 50
const MAX_QUERY_LENGTH = 100

/** `GET /v1/places?q=…&limit=…`: places by name, as GeoJSON. */
export function createPlacesRoute(places: Places, guard: GuardHandler, usage: Usage): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.use('/v1/places', guard)
  router
    .route('/v1/places')
    .get((request, response) => {
      const query = readParameter(request, 'q')?.trim()
      if (!query || query.length > MAX_QUERY_LENGTH)
        throw new InvalidRequestError(`"q" must be 1 to ${MAX_QUERY_LENGTH} characters`)
      const features = places.search(query, parseLimit(readParameter(request, 'limit')))
      if (request.auth) usage.record(request.auth, 'places')
      response
        .type('application/geo+json')
        .send(JSON.stringify({ type: 'FeatureCollection', features }))
    })
    .all(refuseOtherMethods('GET, HEAD'))
  router.use('/v1/places', () => {
    throw new NotFoundError()
  })
  return router
}

function parseLimit(given: string | undefined): number {
  if (given === undefined) return DEFAULT_LIMIT
  const limit = /^\d{1,3}$/.test(given) ? Number(given) : 0
  if (limit < 1 || limit > MAX_LIMIT)
    throw new InvalidRequestError(`"limit" must be a whole number from 1 to ${MAX_LIMIT}`)
  return limit
}
