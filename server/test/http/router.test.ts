import type { RequestHandler } from 'express'
import { describe, expect, test } from 'vitest'
import { allowEveryOrigin } from '../../src/http/cors.ts'
import { createErrorHandler } from '../../src/http/error-handler.ts'
import { addRoute, createRouter, type Route, refuseUnknownPath } from '../../src/http/router.ts'
import { serveHandlers } from '../support/serve-handlers.ts'

const answer: RequestHandler = (_request, response) => {
  response.status(204).end()
}

/** Serves one route; an error answers with its status and `Allow`. */
function serveRoute(route: Route) {
  const router = createRouter()
  addRoute(router, '/things/:id', route)
  router.use('/things', refuseUnknownPath)
  const onError = createErrorHandler(
    ({ code }) => ({ body: { code } }),
    () => undefined,
  )
  return serveHandlers(router, onError)
}

describe('addRoute()', () => {
  const rows: [string, Route, string][] = [
    ['get', { get: answer }, 'GET, HEAD'],
    ['post', { post: answer }, 'POST'],
    ['delete and patch', { delete: answer, patch: answer }, 'PATCH, DELETE'],
    ['every method', { options: answer, post: answer, get: answer }, 'GET, HEAD, POST, OPTIONS'],
    ['delete with CORS', { delete: answer, cors: allowEveryOrigin }, 'DELETE, OPTIONS'],
  ]
  test.each(rows)(
    'with %s: any other method is 405, and Allow is complete',
    async (_, route, allow) => {
      const url = `${await serveRoute(route)}/things/1`
      const refused = await fetch(url, { method: 'PUT' })
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, allow])
      for (const method of allow.split(', '))
        expect((await fetch(url, { method })).status, method).toBe(204)
    },
  )

  test('`cors` and `all` run before every handler, a refusal included', async () => {
    const url = await serveRoute({
      cors: allowEveryOrigin,
      all: ({ params }, response, next) => {
        response.set('X-Thing', params.id)
        next()
      },
      get: answer,
    })
    for (const method of ['GET', 'PUT']) {
      const { headers } = await fetch(`${url}/things/1`, { method })
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('x-thing')).toBe('1')
    }
    const preflight = await fetch(`${url}/things/1`, { method: 'OPTIONS' })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, HEAD, OPTIONS')
  })

  test('HEAD gets the headers of GET and no body', async () => {
    const url = await serveRoute({
      get: (_request, response) => {
        response.json({ a: 1 })
      },
    })
    const response = await fetch(`${url}/things/1`, { method: 'HEAD' })
    expect([response.headers.get('content-length'), await response.text()]).toEqual(['7', ''])
  })
})

test('createRouter() compares paths exactly, and the rest of a prefix is 404', async () => {
  const url = await serveRoute({ get: answer })
  for (const path of ['/things/1/', '/Things/1', '/things', '/things/1/2'])
    expect((await fetch(url + path)).status, path).toBe(404)
})
