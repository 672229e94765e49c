import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { startBroker } from '../support/brokers/broker-under-test.ts'

vi.setConfig({ testTimeout: 120_000 })

const NAMES = [
  'grant_type',
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'actor_token',
  'audience',
  'resource',
  'scope',
  'token',
  'token_type_hint',
  'client_id',
  'client_secret',
  'bbox',
  'maxzoom',
  '__proto__',
]

test('every form gets an answer of RFC 6749 §5.2 within 2 s', async () => {
  const { url, createToken } = await startBroker()
  const subject = await createToken()
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      subject,
      `${subject.slice(0, -4)}AAAA`,
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:token-type:access_token',
      'tiles:read',
      url,
    ),
  )
  const form = fc
    .array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 8 })
    .map((pairs) => String(new URLSearchParams(pairs)))
  const body = fc.oneof(form, fc.string({ unit: 'binary' }), fc.constant('%ff=%zz&&=&'))
  const authorization = fc.option(
    fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
      fc.constantFrom('Basic', 'Basic OjpX', `Bearer ${subject}`, 'Basic %%%'),
    ),
    { nil: undefined },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/oauth/token', '/oauth/introspect', '/oauth/revoke'),
      body,
      authorization,
      async (path, text, credentials) => {
        const begun = performance.now()
        const response = await fetch(`${url}${path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            ...(credentials === undefined ? {} : { authorization: credentials }),
          },
          body: text,
        })
        const answer = await response.text()
        expect(performance.now() - begun).toBeLessThan(2_000)
        expect([200, 400, 401]).toContain(response.status)
        if (response.status !== 200)
          expect(JSON.parse(answer)).toEqual({
            error: expect.stringMatching(/^[a-z_]+$/),
            error_description: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/),
          })
      },
    ),
    { numRuns: 300 },
  )
})
