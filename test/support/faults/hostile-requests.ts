import { connect } from 'node:net'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * Requests of every kind that a broker gets, with and without a good token; each leaves its connection
 * open. They are different in what a cache could hold: names of keys, tokens, addresses, paths.
 *
 * @param token An access token that is valid.
 */
export function createHostileRequests(token: string): readonly string[] {
  const get = (path: string, ...headers: readonly string[]) => write('GET', path, headers, '')
  const post = (path: string, body: string, ...headers: readonly string[]) =>
    write('POST', path, ['Content-Type: application/json', ...headers], body)
  const bearer = (value: string) => `Authorization: Bearer ${value}`
  const tile = '/v1/tiles/world/0/0/0.mvt'
  return Array.from({ length: 500 }, (_, index) => {
    const forged = `${encode({ alg: 'RS256', kid: `k${index}` })}.${encode({ sub: index })}.AAAA`
    const kinds = [
      () => get('/healthz'),
      () => get(tile, bearer(token)),
      () => get(tile, bearer(token), 'If-None-Match: "x"'),
      () => get(tile, bearer(forged)),
      () => get(tile, bearer(`${token}x${index}`)),
      () => get(`${tile}?access_token=${token}`),
      () => get(`/${index}/%2e%2e/%5c/x?a=${'a'.repeat(index)}`),
      () => get('/.well-known/jwks.json', `X-Forwarded-For: 10.0.${index % 250}.1`),
      () => get('/.well-known/revocations.json?since=r99999'),
      () => post('/map-token', ''),
      () => post('/map-token', JSON.stringify({ grant: `g${index}` })),
      () => post('/map-token', '{"__proto__":{"x":1},"grant":["x"]}'),
      () => post('/map-token', '['.repeat(3_000), `Origin: https://${index}.example`),
      () => post('/v1/auth/token', '{}', bearer(forged)),
      () => post('/v1/auth/token', '{}', bearer(`\u00ff${index}`)),
      () => post('/oauth/token', `grant_type=${index}&grant_type=x`),
      () => post('/logout', '{}', `Cookie: __Host-tilepass-refresh=${forged}`),
      () => get(`/tokens/v2?access_token=sk.${index}.x`),
      () => get(`/datasets/${index}/download/cog?token=${forged}`),
      () => write('DELETE', '/v1/admin/tokens/tok_x', [bearer(token)], ''),
    ]
    return kinds[index % kinds.length]?.() ?? ''
  })
}

function write(method: string, path: string, headers: readonly string[], body: string): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: x', ...headers]
  if (method !== 'GET') lines.push(`Content-Length: ${body.length}`)
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** Connections that are no HTTP, or whose requests are not: each one is closed. */
export async function sendGarbage(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const texts = [
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    'POST /map-token HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{',
  ]
  await Promise.all(
    texts.map(async (text) => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined).resume()
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.end(text, 'latin1')
      await closed
    }),
  )
}
