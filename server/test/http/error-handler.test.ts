import type { RequestHandler } from 'express'
import { describe, expect, test } from 'vitest'
import { NotFoundError, TooManyRequestsError, UnavailableError } from '../../src/errors.ts'
import { createErrorHandler, type RenderError } from '../../src/http/error-handler.ts'
import { serveHandlers } from '../support/serve-handlers.ts'

/** Fetches from a handler that throws, and says what was reported. */
async function fetchError(
  error: unknown,
  render: RenderError = ({ message }) => ({ body: { message } }),
) {
  const reported: unknown[] = []
  const fail: RequestHandler = (_request, response) => {
    response.set({ ETag: '"1"', 'Content-Type': 'image/tiff', 'Cache-Control': 'private' })
    throw error
  }
  const onError = createErrorHandler(render, (failure) => reported.push(failure))
  const url = await serveHandlers(fail, onError)
  const response = await fetch(url)
  return { response, body: await response.json(), reported }
}

describe('an error handler', () => {
  test('sends status, headers and the rendered body, and forbids caching', async () => {
    const { response, body } = await fetchError(new TooManyRequestsError(7))
    expect([response.status, body]).toEqual([429, { message: 'Too many requests' }])
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'retry-after': '7',
      'x-content-type-options': 'nosniff',
    })
  })

  test('sends another content type, without the headers that a rendering withdraws', async () => {
    const { response, body } = await fetchError(new NotFoundError(), ({ status }) => ({
      body: { status },
      type: 'application/problem+json',
      withdrawn: ['ETag'],
    }))
    expect([response.status, body]).toEqual([404, { status: 404 }])
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(response.headers.get('etag')).not.toBe('"1"')
  })

  test('says nothing about an unknown error', async () => {
    const error = new Error('the password is 1234')
    const { response, body } = await fetchError(error)
    expect([response.status, body]).toEqual([500, { message: 'Internal server error' }])
  })

  test('turns an outage into 503 with Retry-After', async () => {
    const { response } = await fetchError(Object.assign(new Error('down'), { status: 503 }))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  })

  test.each([new Error('x'), new UnavailableError(), new NotFoundError()])(
    'hands each error to the reporter: %s',
    async (error) => {
      expect((await fetchError(error)).reported).toEqual([error])
    },
  )
})

test('an error after the headers were sent ends the connection', async () => {
  const fail: RequestHandler = (_request, response) => {
    response.write('part')
    throw new NotFoundError()
  }
  const onError = createErrorHandler(
    () => ({ body: {} }),
    () => undefined,
  )
  const url = await serveHandlers(fail, onError)
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow()
})
