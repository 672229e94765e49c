import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A resource server with one file, read whole or in ranges, and its token endpoint. */
export interface FileServer {
  readonly base: string
  file: Buffer
  etag: string
  /** Every token up to this number is refused. */
  refused: number
  /** Answers the request itself if it returns true. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  readonly headers: Record<string, string>
  /** Requests and the status of their answers, except those to the token endpoint. */
  readonly seen: { method: string; url: string; range: string; status: number; referer: string }[]
  issued: number
  close(): Promise<void>
}

export async function startFileServer(): Promise<FileServer> {
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    if (url === '/map-token') {
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({
          access_token: `canary-${++files.issued}`,
          token_type: 'Bearer',
          expires_in: 60,
        }),
      )
      return
    }
    const range = headers.range ?? ''
    response.on('finish', () => {
      const { statusCode: status } = response
      files.seen.push({ method, url, range, status, referer: headers.referer ?? '' })
    })
    if (files.intercept?.(request, response)) return
    const token = /canary-(\d+)/.exec(headers.authorization ?? url)?.[1]
    if (!token || +token <= files.refused) {
      response.writeHead(401, { 'cache-control': 'no-store' }).end()
      return
    }
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
    const { length } = files.file
    response.setHeader('etag', files.etag)
    for (const [name, value] of Object.entries(files.headers)) response.setHeader(name, value)
    if (start === undefined || end === undefined) {
      response.setHeader('content-length', length)
      response.end(method === 'HEAD' ? undefined : files.file)
      return
    }
    if (+start >= length) {
      response.writeHead(416, { 'content-range': `bytes */${length}` }).end()
      return
    }
    const part = files.file.subarray(+start, +end + 1)
    response
      .writeHead(206, {
        'content-range': `bytes ${start}-${+start + part.length - 1}/${length}`,
        'content-length': part.length,
      })
      .end(part)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const files: FileServer = {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    file: Buffer.alloc(0),
    etag: '"1"',
    refused: 0,
    intercept: undefined,
    headers: {},
    seen: [],
    issued: 0,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return files
}
