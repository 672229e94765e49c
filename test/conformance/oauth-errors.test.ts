import { describe, expect, onTestFinished, test } from 'vitest'
import { lockStore, openStoreOf } from '../../server/test/support/store-under-test.ts'
import {
  ACCESS_TOKEN,
  GRANT,
  type OAuthBroker,
  postForm,
  startOAuthBroker,
} from '../support/brokers/oauth-broker.ts'

/**
 * The registry "OAuth Extensions Error Registration", and the codes of RFC 6749 §5.2 and §4.1.2.1, as far
 * as they belong to the token, introspection and revocation endpoints.
 */
const REGISTERED = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'unsupported_token_type',
  'server_error',
  'temporarily_unavailable',
])

const FORM = 'application/x-www-form-urlencoded'
const ENDPOINTS = ['/oauth/token', '/oauth/introspect', '/oauth/revoke']

/** The status and the code of an answer, which must have the form of RFC 6749 §5.2. */
async function readError(response: Response): Promise<[number, string]> {
  const body = await response.json()
  expect(Object.keys(body).sort()).toEqual(['error', 'error_description'])
  expect([...REGISTERED]).toContain(body.error)
  expect(body.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
  expect(response.headers.get('cache-control')).toBe('no-store')
  return [response.status, body.error]
}

const exchange = (subject: string, more: Record<string, string> = {}) => ({
  grant_type: GRANT,
  subject_token: subject,
  subject_token_type: ACCESS_TOKEN,
  ...more,
})

describe.each(ENDPOINTS)('%s', (path) => {
  test.each<[string, RequestInit, [number, string], RegExp]>([
    ['another method', { method: 'GET' }, [405, 'invalid_request'], /POST/],
    ['a method without a handler', { method: 'DELETE' }, [405, 'invalid_request'], /POST/],
    [
      'JSON',
      { body: '{}', headers: { 'content-type': 'application/json' } },
      [415, 'invalid_request'],
      /must be application\/x-www-form-urlencoded/,
    ],
    [
      'a compressed form',
      { body: 'a=b', headers: { 'content-type': FORM, 'content-encoding': 'gzip' } },
      [415, 'invalid_request'],
      /Content-Encoding/,
    ],
    [
      'a form of another charset',
      { body: 'a=b', headers: { 'content-type': `${FORM}; charset=utf-16` } },
      [415, 'invalid_request'],
      /must be application\/x-www-form-urlencoded/,
    ],
    [
      'a body of 9 KB',
      { body: `a=${'b'.repeat(9_000)}`, headers: { 'content-type': FORM } },
      [413, 'invalid_request'],
      /too large/,
    ],
    [
      'a repeated parameter',
      { body: 'token=a&token=b', headers: { 'content-type': FORM } },
      [400, 'invalid_request'],
      /repeated/,
    ],
    [
      'bytes that are not UTF-8',
      { body: new Uint8Array([0x61, 0x3d, 0xff]), headers: { 'content-type': FORM } },
      [400, 'invalid_request'],
      /UTF-8/,
    ],
    [
      'a client with a wrong secret',
      {
        body: 'token=a&grant_type=x',
        headers: { 'content-type': FORM, authorization: `Basic ${btoa('tok_0:x')}` },
      },
      [401, 'invalid_client'],
      /Client authentication/,
    ],
  ])('%s is a registered error', async (_, init, expected, description) => {
    const { url } = await startOAuthBroker()
    const response = await fetch(`${url}${path}`, { method: 'POST', ...init })
    const text = await response.clone().text()
    expect(await readError(response)).toEqual(expected)
    expect(JSON.parse(text).error_description).toMatch(description)
  })

  test('a store that fails is a registered error', async () => {
    const { url, data, subject, client } = await startOAuthBroker()
    const store = await openStoreOf(data)
    await store.db.schema.alterTable('api_token').renameTo('gone').execute()
    await store.close()
    const form = { ...exchange(subject), ...client, token: subject, client_secret: subject }
    const body = new URLSearchParams(form)
    const response = await fetch(`${url}${path}`, { method: 'POST', body })
    expect(await readError(response)).toEqual([500, 'server_error'])
  })
})

test.each<[string, (started: OAuthBroker) => Record<string, string>, string]>([
  ['nothing', () => ({}), 'invalid_request'],
  ['another grant type', () => ({ grant_type: 'password' }), 'unsupported_grant_type'],
  ['no subject token', () => ({ grant_type: GRANT }), 'invalid_request'],
  [
    'a subject token of another type',
    ({ subject }) => exchange(subject, { subject_token_type: 'x' }),
    'invalid_request',
  ],
  [
    'another requested type',
    ({ subject }) => exchange(subject, { requested_token_type: 'x' }),
    'invalid_request',
  ],
  ['an invalid subject token', () => exchange('x'), 'invalid_request'],
  ['a delegation', ({ subject }) => exchange(subject, { actor_token: 'x' }), 'invalid_request'],
  [
    'another audience',
    ({ subject }) => exchange(subject, { audience: 'https://a.example' }),
    'invalid_target',
  ],
  [
    'another resource',
    ({ subject }) => exchange(subject, { resource: 'https://a.example' }),
    'invalid_target',
  ],
  ['a malformed scope', ({ subject }) => exchange(subject, { scope: 'a  b' }), 'invalid_scope'],
  ['more scope', ({ subject }) => exchange(subject, { scope: 'admin:access' }), 'invalid_scope'],
  ['a malformed area', ({ subject }) => exchange(subject, { bbox: 'x' }), 'invalid_request'],
  [
    'two client authentications',
    ({ subject }) => exchange(subject, { client_secret: subject }),
    'invalid_request',
  ],
])('a token exchange with %s is a registered error', async (what, form, code) => {
  const started = await startOAuthBroker()
  const { subject, client, url } = started
  const basic = `Basic ${btoa(`${client.client_id}:${subject}`)}`
  const response = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams(form(started)),
    headers: what.startsWith('two') ? { authorization: basic } : {},
  })
  expect(await readError(response)).toEqual([400, code])
})

test('a missing token to introspect or revoke is a registered error', async () => {
  const started = await startOAuthBroker()
  const { subject, client } = started
  for (const path of ['/oauth/introspect', '/oauth/revoke']) {
    const answer = await postForm(started, path, { ...client, client_secret: subject })
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
  }
})

test('a revocation that a locked store cannot keep is a registered error', async () => {
  const { url, data, subject, client } = await startOAuthBroker()
  onTestFinished(await lockStore(data))
  const body = new URLSearchParams({ ...client, token: subject, client_secret: subject })
  const response = await fetch(`${url}/oauth/revoke`, { method: 'POST', body })
  expect(response.headers.get('retry-after')).toBe('1')
  expect(await readError(response)).toEqual([503, 'temporarily_unavailable'])
})

test('an unknown path of the API is a registered error', async () => {
  const { url } = await startOAuthBroker()
  for (const path of ['/oauth', '/oauth/authorize', '/oauth/token/', '/oauth/token/x'])
    for (const method of ['GET', 'POST'])
      expect(await readError(await fetch(url + path, { method }))).toEqual([404, 'invalid_request'])
})
