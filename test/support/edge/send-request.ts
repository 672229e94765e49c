import { connect } from 'node:net'

/** A request, byte for byte. */
export interface SentRequest {
  readonly target?: string
  readonly method?: string
  /** Each as it is sent, such as `Authorization: Bearer x`; may be repeated. */
  readonly headers?: readonly string[]
}

/** An answer; names of headers in lower case. */
export interface EdgeAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/**
 * Sends a request that no client library has touched, and resolves once the answer is complete: workerd
 * leaves the connection open, even if it is asked to close it.
 */
export function sendRequest(
  port: number,
  { target = '/', method = 'GET', headers = [] }: SentRequest,
): Promise<EdgeAnswer> {
  const lines = [`${method} ${target} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers, '', '']
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(lines.join('\r\n')))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
      const answer = parseAnswer(text, method, false)
      if (!answer) return
      resolve(answer)
      socket.destroy()
    })
    socket.on('error', reject).on('end', () => {
      const answer = parseAnswer(text, method, true)
      if (answer) resolve(answer)
      else reject(new Error(`no answer to ${method} ${target}`))
    })
  })
}

/** Reads an answer; `undefined` while it is incomplete. */
function parseAnswer(text: string, method: string, isEnd: boolean): EdgeAnswer | undefined {
  const [head = '', body] = text.split(/\r\n\r\n(.*)/s)
  if (body === undefined) return
  const [first = '', ...lines] = head.split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [name = '', value = ''] = line.split(/: ?(.*)/s)
    const key = name.toLowerCase()
    headers.set(key, headers.has(key) ? `${headers.get(key)}, ${value}` : value)
  }
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 304
  if (!hasBody) return { status, headers, body: '' }
  if (headers.get('transfer-encoding') === 'chunked') {
    if (!body.endsWith('0\r\n\r\n')) return
    return { status, headers, body: readChunks(body) }
  }
  const length = headers.get('content-length')
  const isComplete = length === undefined ? isEnd : Buffer.byteLength(body) >= Number(length)
  return isComplete ? { status, headers, body } : undefined
}

function readChunks(body: string): string {
  const [, size = '0', rest = ''] = /^([0-9a-f]+)\r\n(.*)$/is.exec(body) ?? []
  const length = Number.parseInt(size, 16)
  return length === 0 ? '' : rest.slice(0, length) + readChunks(rest.slice(length + 2))
}
