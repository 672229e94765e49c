import { once } from 'node:events'
import { connect } from 'node:net'

/** A connection that sends many requests at once: the cheapest client there is. */
export interface Pipe {
  /** Sends requests, and waits for an answer to each. @returns the number of answers */
  send(requests: readonly string[]): Promise<number>
  close(): void
}

/** An answer begins with this; no body here contains it. */
const ANSWER = 'HTTP/1.1 '

/** Opens a connection. @param url Of the server. */
export async function createPipe(url: string): Promise<Pipe> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  await once(socket, 'connect')
  let rest = ''
  let answers = 0
  let onProgress: () => void = () => undefined
  socket.setEncoding('latin1').on('data', (text: string) => {
    const all = rest + text
    answers += all.split(ANSWER).length - 1
    // It may be cut in two.
    rest = all.slice(-(ANSWER.length - 1))
    onProgress()
  })
  const closed = once(socket, 'close').then(() => {
    throw new Error('the server has closed the connection')
  })
  closed.catch(() => undefined)
  socket.on('error', () => undefined)
  return {
    send: async (requests) => {
      answers = 0
      const all = new Promise<void>((resolve) => {
        onProgress = () => answers >= requests.length && resolve()
      })
      socket.write(requests.join(''), 'latin1')
      await Promise.race([all, closed])
      return answers
    },
    close: () => void socket.destroy(),
  }
}
