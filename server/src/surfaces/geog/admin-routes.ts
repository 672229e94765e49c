import type { GuardHandler } from '@tilepass/guard'
import type { Request, Router } from 'express'
import { type Administration, createAdministration } from '../../admin/administration.ts'
import { toAccountJson, toAuditJson, toKeyJson, toTokenJson } from '../../admin/json.ts'
import type { Operator } from '../../admin/operator.ts'
import { answerPreflight, openToEveryOrigin } from '../../http/cors.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { readQuery } from '../../http/query.ts'
import { addRoute, createRouter, refuseUnknownPath } from '../../http/router.ts'
import { readSender } from '../../http/sender.ts'
import { UnauthorizedError } from '../../issuer/errors.ts'
import { toRights } from '../../issuer/narrow.ts'
import { assertUse } from '../../issuer/read-only.ts'
import type { Refusals } from '../../store/refusals.ts'
import type { Usage } from '../../usage/usage.ts'
import { parseAccountBody, parseTokenBody } from './admin-bodies.ts'
import { parseAuditQuery } from './audit-query.ts'
import { type AuditRefusal, auditErrors } from './audit-refusals.ts'
import { formatNextLink, parseAccountsQuery, parseTokensQuery } from './list-queries.ts'

/** What the admin routes need. */
export interface AdminRoutesParts
  extends Pick<Operator, 'store' | 'getMint' | 'signingAlgorithm' | 'now'> {
  readonly usage: Pick<Usage, 'record' | 'flush'>
  readonly refusals: Pick<Refusals, 'flush'>
  readonly guard: GuardHandler
  /** Called with the errors of these routes. */
  readonly auditRefusal: AuditRefusal
}

/**
 * `/v1/admin/…`: the commands of the command line over HTTP. `admin:access` reaches every account of
 * the broker, so it is for operators only. A token makes only tokens that have no more scopes than
 * itself and end no later.
 */
export function createAdminRoutes(routeParts: AdminRoutesParts): Router {
  const { usage, refusals, guard, auditRefusal, ...parts } = routeParts
  const router = createRouter()
  // Before the guard, which would allow any header that a page asks for.
  router.options('/v1/admin/{*rest}', (_request, response) => {
    openToEveryOrigin(response)
    answerPreflight(response, { methods: 'GET, HEAD, OPTIONS', headers: 'Authorization' })
  })
  router.use('/v1/admin', guard, async ({ auth, method }, response, next) => {
    response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    if (auth?.sub === undefined) throw new UnauthorizedError()
    const isRead = method === 'GET' || method === 'HEAD'
    await assertUse(parts.store, auth.sub, isRead ? 'read administration' : 'administer')
    usage.record(auth, 'admin')
    next()
  })
  const as = (request: Request): Administration => {
    const { auth } = request
    if (auth?.sub === undefined) throw new UnauthorizedError()
    return createAdministration({
      ...parts,
      actor: auth.sub,
      sender: readSender(request),
      rights: toRights(auth),
    })
  }

  addRoute(router, '/v1/admin/accounts', {
    get: async (request, response) => {
      const query = parseAccountsQuery(readQuery(request))
      const { rows, end } = await as(request).listAccounts(query)
      if (end) response.set('Link', formatNextLink({ ...query, after: end.name }))
      response.json({ accounts: rows.map(toAccountJson) })
    },
    post: async (request, response) => {
      const { name, ...details } = await parseAccountBody(await readJsonBody(request))
      const account = await as(request).createAccount(name, details)
      response.status(201).json(toAccountJson(account))
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
      const query = parseTokensQuery(readQuery(request))
      const { rows, end } = await as(request).listTokens(query)
      if (end) response.set('Link', formatNextLink({ ...query, before: end.id }))
      response.json({ tokens: rows.map(toTokenJson) })
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
      response.json({ keys: (await as(request).listKeys()).map(toKeyJson) })
    },
  })
  addRoute(router, '/v1/admin/keys/rotate', {
    post: async (request, response) => {
      response.status(201).json(toKeyJson(await as(request).rotateKeys()))
    },
  })

  addRoute(router, '/v1/admin/audit', {
    get: async (request, response) => {
      await refusals.flush()
      response.json({
        audit: (await as(request).listAudit(parseAuditQuery(readQuery(request), parts.now()))).map(
          toAuditJson,
        ),
      })
    },
  })

  router.use('/v1/admin', refuseUnknownPath, auditErrors(auditRefusal))
  return router
}
