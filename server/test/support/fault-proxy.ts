import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

/** What a proxy does to each request; `undefined` passes it on. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => void

/** A proxy in front of an upstream that can be told to misbehave. */
export interface FaultProxy {
  readonly url: string
  /** Requests so far. */
  readonly count: () => number
  /** How it behaves from now on. */
  fault: Fault | undefined
  /** Changes good answers on their way back: body in, body out. */
  change: ((body: Record<string, unknown>) => Record<string, unknown>) | undefined
  close(): Promise<void>
}

/** Starts a proxy on a free port. @param findTarget Base URL of where it leads now. */
export async function startFaultProxy(findTarget: () => string): Promise<FaultProxy> {
  let count = 0
  const proxy = {
    url: '',
    count: () => count,
    fault: undefined as FaultProxy['fault'],
    change: undefined as FaultProxy['change'],
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
  const server = createServer((incoming, outgoing) => {
    count += 1
    if (proxy.fault) {
      proxy.fault(incoming, outgoing)
      return
    }
    passOn(incoming, outgoing, findTarget(), proxy.change)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  proxy.url = `http://127.0.0.1:${address.port}`
  return proxy
}

/** Passes a request on as it is. */
export function passOn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: string,
  change: FaultProxy['change'],
): void {
  const { method = 'GET', headers, url } = incoming
  const onward = request(`${target}${url}`, { method, headers }, async (answer) => {
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const status = answer.statusCode ?? 502
    const { 'content-length': _, 'transfer-encoding': __, ...kept } = answer.headers
    outgoing.writeHead(status, kept)
    outgoing.end(
      change && status === 200 ? JSON.stringify(change(JSON.parse(body.toString()))) : body,
    )
  })
  onward.on('error', () => outgoing.destroy())
  incoming.pipe(onward)
}

/** Answers with this status, these headers and this body. */
export const answerWith =
  (status: number, headers: Record<string, string> = {}, body = ''): Fault =>
  (incoming, outgoing) => {
    incoming.resume()
    outgoing.writeHead(status, headers).end(body)
  }

/** Closes the connection without an answer. */
export const hangUp: Fault = (_incoming, outgoing) => outgoing.destroy()

/** Never answers. */
export const staySilent: Fault = (incoming) => incoming.resume()
