import type { GuardHandler } from '@tilepass/guard'
import type { Router } from 'express'
import { InvalidRequestError } from '../../errors.ts'
import { findParameter, readQuery } from '../../http/query.ts'
import { addRoute, createRouter, refuseUnknownPath } from '../../http/router.ts'
import type { Places } from '../../places/places.ts'
import type { Usage } from '../../usage/usage.ts'

const DEFAULT_LIMIT = 10
const MAX_LIMIT = 50
const MAX_QUERY_LENGTH = 100

/** What the places route needs. */
export interface PlacesRouteParts {
  readonly places: Places
  readonly guard: GuardHandler
  readonly usage: Pick<Usage, 'record'>
}

/** `GET /v1/places?q=…&limit=…`: places by name, as GeoJSON. */
export function createPlacesRoute({ places, guard, usage }: PlacesRouteParts): Router {
  const router = createRouter()
  router.use('/v1/places', guard)
  addRoute(router, '/v1/places', {
    get: (request, response) => {
      const query = readQuery(request)
      const text = findParameter(query, 'q')?.trim()
      if (!text || text.length > MAX_QUERY_LENGTH)
        throw new InvalidRequestError(`"q" must be 1 to ${MAX_QUERY_LENGTH} characters`)
      const features = places.search(text, parseLimit(findParameter(query, 'limit')))
      if (request.auth) usage.record(request.auth, 'places')
      response
        .type('application/geo+json')
        .send(JSON.stringify({ type: 'FeatureCollection', features }))
    },
  })
  router.use('/v1/places', refuseUnknownPath)
  return router
}

function parseLimit(given: string | undefined): number {
  if (given === undefined) return DEFAULT_LIMIT
  const limit = /^\d{1,3}$/.test(given) ? Number(given) : 0
  if (limit < 1 || limit > MAX_LIMIT)
    throw new InvalidRequestError(`"limit" must be a whole number from 1 to ${MAX_LIMIT}`)
  return limit
}
