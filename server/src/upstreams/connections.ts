import type { Dispatcher } from 'undici'

/** Sockets to one upstream; further requests wait for a free one. */
const MAX_SOCKETS = 16

/** Connections to upstreams. */
export interface Connections {
  /** As `request` of undici. */
  request(
    url: string | URL,
    options: Omit<Dispatcher.RequestOptions, 'origin' | 'path'>,
  ): Promise<Dispatcher.ResponseData>
  /** Loads the client, so that the first request need not wait for it. */
  load(): void
  /** Ends every connection. */
  close(): Promise<void>
}

/** Creates connections that open at the first request. The client takes a quarter of the start of a broker, and most have no upstream. */
export function createConnections(): Connections {
  const open = async () => {
    const { Agent, request } = await import('undici')
    // The policy's deadline ends requests that hang; nothing is pipelined or inflated.
    const dispatcher = new Agent({ connections: MAX_SOCKETS, connect: { timeout: 5_000 } })
    return { request, dispatcher }
  }
  let opened: ReturnType<typeof open> | undefined
  const openOnce = () => {
    opened ??= open()
    return opened
  }
  return {
    async request(url, options) {
      const { request, dispatcher } = await openOnce()
      return request(url, { ...options, dispatcher })
    },
    load() {
      // If it fails, the first request fails.
      openOnce().catch(() => {})
    },
    async close() {
      // A client that could not be loaded has no connections.
      const { dispatcher } = (await opened?.catch(() => undefined)) ?? {}
      await dispatcher?.destroy()
    },
  }
}
