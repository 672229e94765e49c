import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What to call when a connection is closed. One listener for all: Node warns about more than ten. */
const onClose = new WeakMap<Socket, Set<() => void>>()
/** What to call when a response ends. */
const waiting = new WeakMap<ServerResponse, (() => void)[]>()

/**
 * Calls back once, when a response was sent or its connection was closed; at once if it is over
 * already. Node does not tell a pipelined response, which waits for the ones before it, that its
 * connection was closed.
 */
export function onResponseEnd(response: ServerResponse, callback: () => void): void {
  const { socket } = response.req
  if (response.closed || socket.destroyed) {
    callback()
    return
  }
  const known = waiting.get(response)
  if (known) {
    known.push(callback)
    return
  }
  const callbacks = [callback]
  waiting.set(response, callbacks)
  const open = onClose.get(socket) ?? listenTo(socket)
  const end = () => {
    response.off('close', end)
    open.delete(end)
    // The callbacks refer to the response, so the entry would keep it until V8 collects the old generation.
    waiting.delete(response)
    for (const each of callbacks) each()
  }
  response.once('close', end)
  open.add(end)
}

function listenTo(socket: Socket): Set<() => void> {
  const callbacks = new Set<() => void>()
  onClose.set(socket, callbacks)
  socket.once('close', () => {
    for (const callback of callbacks) callback()
  })
  return callbacks
}
