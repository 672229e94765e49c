import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TokenError } from '../src/index.ts'
import { parseTokenResponse } from '../src/token-response.ts'
import { createBroker, pass, stopClock } from './support/broker.ts'
import { manage, settled } from './support/manage.ts'

const refuse = async (body: unknown, status = 403): Promise<TokenError> =>
  parseTokenResponse(Response.json(body, { status }), 0).then(
    () => expect.fail('no error'),
    (error) => error,
  )

describe('what an endpoint says of its refusal', () => {
  test('is in the message and the fields of the error', async () => {
    const error = await refuse({ error: 'invalid_grant', error_description: 'Sign in again.' }, 401)
    expect(error).toBeInstanceOf(TokenError)
    expect(error).toMatchObject({
      code: 'ERR_TOKEN_DENIED',
      status: 401,
      error: 'invalid_grant',
      errorDescription: 'Sign in again.',
      message: 'The token endpoint answered 401: invalid_grant: Sign in again.',
    })
  })

  test('may be the code alone, or nothing', async () => {
    expect((await refuse({ error: 'server_error' }, 500)).message).toBe(
      'The token endpoint answered 500: server_error.',
    )
    for (const body of [{}, [], null, 'denied', { error: 1, error_description: { html: '' } }]) {
      const error = await refuse(body)
      expect(error.message).toBe('The token endpoint answered 403.')
      expect([error.error, error.errorDescription]).toEqual([undefined, undefined])
    }
  })

  test('counts only as JSON: a page of HTML is no reason', async () => {
    const answer = new Response('<h1>Forbidden</h1>', { status: 403 })
    await expect(parseTokenResponse(answer, 0)).rejects.toThrow(
      /^The token endpoint answered 403\.$/,
    )
  })

  test('is cut, and stays on one line of plain text', async () => {
    const { message, errorDescription } = await refuse({
      error_description: `a\r\n\u001b[31mred\u202e\0${' word'.repeat(1000)}`,
    })
    expect(errorDescription).toMatch(/^a \[31mred word word/)
    expect(errorDescription?.length).toBeLessThanOrEqual(500)
    expect(message).not.toMatch(/[\p{C}\n]/u)
  })

  test('keeps words and hosts as they are, however long a word is', async () => {
    const description =
      'The page is of localhost:5173, not of 127.0.0.1:3000: Zugriffsberechtigungen sind erforderlich, siehe map-and-tile-permissions'
    expect((await refuse({ error_description: description })).errorDescription).toBe(description)
  })

  test.each([
    ['a JWT', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlY2FuYXJ5'],
    ['an opaque token', 'canary-0123456789abcdef0123456789'],
    ['base64', 'canary0123456789abcdef+012345678=='],
    ['base64 with slashes', 'canary01/3456789/abcdef/'],
    ['22 characters', 'canary0123456789abcdef'],
    ['a percent-encoded token', '%63anary%30%31%32%33%34%35%36%37%38%39'],
    ['a token that is cut by invisible characters', 'canary01234\u200b56789abcde\u200df0123456789'],
    ['a token in a URL', 'https://a.example/canary0123456789abcdef'],
  ])('P4: never shows %s', async (_, token) => {
    for (const body of [{ error: token }, { error_description: `The token ${token} expired` }]) {
      const error = await refuse(body, 401)
      expect(JSON.stringify([error, error.message, error.stack])).not.toContain('canary')
      expect(JSON.stringify([error, error.message])).not.toContain(token.slice(0, 20))
    }
  })
})

describe('a manager', () => {
  beforeEach(stopClock)
  afterEach(() => void vi.useRealTimers())

  test('reports the reason to listeners, callers and the console', async () => {
    const broker = createBroker()
    broker.answer = () =>
      Response.json({ error: 'invalid_scope', error_description: 'No such scope' }, { status: 403 })
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { tokens, errors, listen } = manage(broker)
    await expect(tokens.getToken()).rejects.toThrow('403: invalid_scope: No such scope.')
    expect(printed.mock.calls[0]?.[0]).toContain('No such scope')
    listen()
    await settled(tokens.renew())
    expect(errors[0]).toMatchObject({ error: 'invalid_scope', errorDescription: 'No such scope' })
    expect(tokens.failure).toBe(errors[0])
    printed.mockRestore()
  })

  test('remembers a bounded number of printed reasons', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const broker = createBroker()
    const { tokens } = manage(broker)
    const refuseWith = async (error: number) => {
      broker.answer = () => Response.json({ error: `request-${error}` }, { status: 403 })
      await settled(tokens.renew())
    }
    for (let request = 0; request < 150; request += 1) await refuseWith(request)
    expect(printed).toHaveBeenCalledTimes(150)
    await refuseWith(149)
    expect(printed).toHaveBeenCalledTimes(150)
    await refuseWith(0)
    expect(printed).toHaveBeenCalledTimes(151)
    printed.mockRestore()
  })

  test('takes a refusal of its upstream for the operator’s fault: it keeps trying, and denies nobody', async () => {
    const broker = createBroker()
    const error_description = 'The upstream refused; contact the operator'
    broker.answer = () =>
      Response.json({ error: 'upstream_refused', error_description }, { status: 502 })
    const { tokens, errors, listen } = manage(broker)
    listen()
    const waiting = settled(tokens.getToken())
    await pass(11_000)
    expect(await waiting).toBe('ERR_TOKEN_UNAVAILABLE')
    expect(errors[0]).toMatchObject({ code: 'ERR_TOKEN_UNAVAILABLE', error: 'upstream_refused' })
    expect(errors[0]?.message).toContain('contact the operator')
    expect(tokens.state).not.toBe('denied')
  })

  test('denies within a second if the reason does not come', async () => {
    const broker = createBroker()
    broker.answer = () => new Response(new ReadableStream(), { status: 401 })
    const { tokens } = manage(broker)
    const waiting = settled(tokens.getToken())
    await pass(1000)
    expect(await waiting).toBe('ERR_TOKEN_DENIED')
  })
})
