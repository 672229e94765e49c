import type { GuardHandler } from '@tilepass/guard'
import type { Request, Response, Router } from 'express'
import { type Administration, createAdministration } from '../../admin/administration.ts'
import type { Operator } from '../../admin/operator.ts'
import { toAccountWire, toAuditWire, toKeyWire, toTokenWire } from '../../admin/wire.ts'
import { InvalidRequestError } from '../../errors.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { findParameter, readQuery } from '../../http/query.ts'
import { addRoute, createRouter, refuseUnknownPath } from '../../http/router.ts'
import { UnauthorizedError } from '../../issuer/errors.ts'
import { findScopes } from '../../issuer/scopes.ts'
import type { Usage } from '../../usage/usage.ts'
import { parseAccountBody, parseTokenBody } from './admin-bodies.ts'

/** What the admin routes need. */
export interface AdminRoutesParts extends Pick<Operator, 'store' | 'getMint' | 'now'> {
  readonly usage: Pick<Usage, 'record' | 'flush'>
  readonly guard: GuardHandler
}

const DEFAULT_PAGE = 100
const MAX_PAGE = 1000

/**
 * `/v1/admin/…`: the commands of the command line over HTTP. `admin:access` reaches every account of
 * the broker, so it is for operators only. A token cannot grant scopes that it lacks.
 */
export function createAdminRoutes({ usage, guard, ...parts }: AdminRoutesParts): Router {
  const router = createRouter()
  router.use('/v1/admin', guard, (request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    if (request.auth) usage.record(request.auth, 'admin')
    next()
  })
  const as = ({ auth }: Request): Administration => {
    if (!auth) throw new UnauthorizedError()
    return createAdministration({
      ...parts,
      actor: auth.sub,
      permitted: findScopes(auth.scope) ?? [],
    })
  }

  addRoute(router, '/v1/admin/accounts', {
    get: async (request, response) => {
      response.json({ accounts: (await as(request).listAccounts()).map(toAccountWire) })
    },
    post: async (request, response) => {
      const { name, ...details } = await parseAccountBody(await readJsonBody(request))
      const account = await as(request).createAccount(name, details)
      response.status(201).json(toAccountWire(account))
    },
  })
  addRoute(router, '/v1/admin/accounts/:name/disable', {
    post: async (request, response) => {
      await as(request).disableAccount(request.params.name)
      response.status(204).end()
    },
  })

  addRoute(router, '/v1/admin/accounts/:name/expire', {
    post: async (request, response) => {
      await as(request).expireAccount(request.params.name)
      response.status(204).end()
    },
  })

  addRoute(router, '/v1/admin/tokens', {
    get: async (request, response) => {
      await usage.flush()
      response.json({ tokens: (await as(request).listTokens()).map(toTokenWire) })
    },
    post: async (request, response) => {
      const order = parseTokenBody(await readJsonBody(request))
      const { id, token, expiresAt } = await as(request).createToken(order)
      response.status(201).json({ id, token, expires_at: new Date(expiresAt).toISOString() })
    },
  })
  addRoute(router, '/v1/admin/tokens/:id', {
    delete: async (request, response) => {
      await as(request).revokeToken(request.params.id)
      response.status(204).end()
    },
  })

  addRoute(router, '/v1/admin/tokens/:id/expire', {
    post: async (request, response) => {
      await as(request).expireToken(request.params.id)
      response.status(204).end()
    },
  })

  addRoute(router, '/v1/admin/keys', {
    get: async (request, response) => {
      response.json({ keys: (await as(request).listKeys()).map(toKeyWire) })
    },
  })
  addRoute(router, '/v1/admin/keys/rotate', {
    post: async (request, response) => {
      response.status(201).json(toKeyWire(await as(request).rotateKeys()))
    },
  })

  addRoute(router, '/v1/admin/audit', {
    get: (request, response) => sendAudit(as(request), request, response),
  })

  router.use('/v1/admin', refuseUnknownPath)
  return router
}

async function sendAudit(admin: Administration, request: Request, response: Response) {
  const limit = parseNumber(request, 'limit', MAX_PAGE) ?? DEFAULT_PAGE
  const before = parseNumber(request, 'before', Number.MAX_SAFE_INTEGER)
  response.json({ audit: (await admin.listAudit({ limit, before })).map(toAuditWire) })
}

function parseNumber(request: Request, name: string, max: number): number | undefined {
  const given = findParameter(readQuery(request), name)
  if (given === undefined) return
  const value = /^\d{1,16}$/.test(given) ? Number(given) : 0
  if (value < 1 || value > max)
    throw new InvalidRequestError(`"${name}" must be a whole number from 1 to ${max}`)
  return value
}
