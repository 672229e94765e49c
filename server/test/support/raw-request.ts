import { request as httpRequest } from 'node:http'

/** Posts raw bytes with raw headers, which fetch would change or refuse. */
export function postRaw(url: string, headers: string[], body: Uint8Array) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const all = ['host', 'localhost', 'content-length', `${body.length}`, ...headers]
    const request = httpRequest(url, { method: 'POST', headers: all }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}
