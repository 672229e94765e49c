import type { Request, Router } from 'express'
import { readPage } from '../../admin/page.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { type PublicUrl, toBaseUrl } from '../../http/public-url.ts'
import { findParameter, readQuery } from '../../http/query.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import { readSender } from '../../http/sender.ts'
import type { MapboxBearer, MapboxTokenCheck } from '../../issuer/mapbox/check.ts'
import type { MapboxCodec } from '../../issuer/mapbox/codec.ts'
import type { Authority, MapboxRegistry } from '../../issuer/mapbox/registry.ts'
import { createTemporaryToken } from '../../issuer/mapbox/temporary.ts'
import type { RateLimit } from '../../limits/rate-limit.ts'
import { type ApiToken, findApiToken } from '../../store/api-tokens.ts'
import type { Store } from '../../store/open.ts'
import { type Authorize, countRequest } from './authorize.ts'
import { answerPages } from './cors.ts'
import { TokenIdExpectedError, UnprocessableError } from './errors.ts'
import {
  isTemporary,
  parseNewToken,
  parseTemporaryRequest,
  parseTokenChange,
} from './token-body.ts'
import {
  formatNextLink,
  InvalidStartError,
  type ListRequest,
  parseListRequest,
} from './token-list.ts'
import { toMetadata, toRetrieved, toTemporary } from './token-shapes.ts'

/** What the routes of tokens need. */
export interface TokensRoutesParts {
  readonly store: Store
  readonly codec: MapboxCodec
  readonly check: MapboxTokenCheck
  readonly registry: MapboxRegistry
  readonly authorize: Authorize
  readonly limit: RateLimit
  /** Base of the `Link` header. */
  readonly publicUrl: PublicUrl
  /** Epoch ms. */
  readonly now: () => number
}

/** `/tokens/v2…`: retrieve, list, create, update and delete tokens. */
export function createTokensRoutes(parts: TokensRoutesParts): Router {
  const { store, codec, check, registry, authorize, limit, publicUrl, now } = parts
  const router = createRouter()

  addRoute(router, '/tokens/v2', {
    cors: answerPages,
    get: async (request, response) => {
      const missing = () => new UnprocessableError('access token is required')
      const token = findParameter(readQuery(request), 'access_token', missing)
      if (!token) throw missing()
      const result = await check(token)
      if (result.code === 'TokenValid') await countRequest({ limit, now }, result.bearer, response)
      response.json(toRetrieved(result))
    },
  })

  addRoute(router, '/tokens/v2/:username', {
    cors: answerPages,
    get: async (request, response) => {
      const { account } = await authorize(request, response, 'tokens:read')
      const query = readQuery(request)
      const wanted = parseListRequest(query)
      const after = await findStart(store, account.name, wanted)
      const { rows, end } = await readPage(wanted.limit, (limit) =>
        registry.list(account, { ...wanted, after, limit }),
      )
      if (end) {
        const path = `${toBaseUrl(request, publicUrl)}/tokens/v2/${account.name}`
        response.set('Link', formatNextLink(path, query, wanted, end))
      }
      response.json(rows.map((token) => toMetadata(codec, token, 'later')))
    },
    post: async (request, response) => {
      const bearer = await authorize(request, response, 'tokens:write')
      const body = await readJsonBody(request)
      if (isTemporary(body)) {
        const wanted = parseTemporaryRequest(body)
        response.json(toTemporary(createTemporaryToken(codec, bearer, wanted, now())))
        return
      }
      const token = await registry.create(toAuthority(bearer, request), parseNewToken(body))
      response.json(toMetadata(codec, token, 'created'))
    },
  })

  addRoute(router, '/tokens/v2/:username/:id', {
    cors: answerPages,
    patch: async (request, response) => {
      const bearer = await authorize(request, response, 'tokens:write')
      const id = readTokenId(request)
      const change = parseTokenChange(await readJsonBody(request))
      const token = await registry.update(toAuthority(bearer, request), id, change)
      response.json(toMetadata(codec, token, 'later'))
    },
    delete: async (request, response) => {
      const bearer = await authorize(request, response, 'tokens:write')
      await registry.delete(toAuthority(bearer, request), readTokenId(request))
      response.status(204).end()
    },
  })
  return router
}

function toAuthority(bearer: MapboxBearer, request: Request): Authority {
  return { ...bearer, sender: readSender(request) }
}

function readTokenId(request: Request): string {
  const { id = '' } = request.params
  if (typeof id !== 'string' || /^[pst]k\./.test(id)) throw new TokenIdExpectedError()
  return id
}

/** Finds the token after which the page starts; even if it was revoked, it marks a position in the order. */
async function findStart(
  store: Store,
  account: string,
  { start, sortBy }: ListRequest,
): Promise<{ readonly at: number; readonly id: string } | undefined> {
  if (!start) return
  const row: ApiToken | undefined = await findApiToken(store, start.id)
  if (row?.account !== account || row.format !== 'mapbox') throw new InvalidStartError()
  return { id: row.id, at: start.at ?? row[sortBy] }
}
