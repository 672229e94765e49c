import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type RequestListener,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** Starts a server on a free port of the loopback interface. */
export async function listen(
  listener: RequestListener,
): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => server.close().closeAllConnections(),
  }
}

export interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends headers exactly as given, repeated ones included, which `fetch` would join. */
export function send(
  url: string,
  headers: readonly string[] | Readonly<Record<string, string | readonly string[]>>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = Array.isArray(headers) ? ['host', 'localhost', ...headers] : { ...headers }
    httpRequest(url, { headers: sent as string[] }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body }),
      )
    })
      .on('error', reject)
      .end()
  })
}
