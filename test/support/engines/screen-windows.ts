import { once } from 'node:events'
import { connect } from 'node:net'

/** Requests of the X protocol that take a window. */
const GET_ATTRIBUTES = 3
const MAP = 8
const UNMAP = 10
const GET_GEOMETRY = 14
const QUERY_TREE = 15

const VIEWABLE = 2
/** Windows below this width, in pixels, are a toolkit's own. */
const MIN_WIDTH = 100

/**
 * Minimises every window on a screen of Xvfb. A program sees the same as when a window manager minimises
 * its window: the window is taken from the screen by somebody else.
 *
 * @param display As in the variable `DISPLAY`.
 * @returns Shows them again.
 * @see https://www.x.org/releases/current/doc/xproto/x11protocol.html
 */
export async function minimiseWindows(display: string): Promise<() => Promise<void>> {
  const windows = await withScreen(display, async ({ root, ask, tell }) => {
    const [head, ids] = await ask(QUERY_TREE, root)
    const shown: number[] = []
    for (let index = 0; index < head.readUInt16LE(16); index += 1) {
      const id = ids.readUInt32LE(4 * index)
      const [geometry] = await ask(GET_GEOMETRY, id)
      const [attributes] = await ask(GET_ATTRIBUTES, id)
      if (attributes[26] === VIEWABLE && geometry.readUInt16LE(16) >= MIN_WIDTH) shown.push(id)
    }
    for (const id of shown) tell(UNMAP, id)
    // An answer says that the requests before it have been carried out.
    await ask(QUERY_TREE, root)
    return shown
  })
  if (windows.length === 0) throw new Error('There is no window to minimise.')
  return () =>
    withScreen(display, async ({ root, ask, tell }) => {
      for (const id of windows) tell(MAP, id)
      await ask(QUERY_TREE, root)
    })
}

interface Screen {
  /** The window that all others are in. */
  readonly root: number
  /** Sends a request. @returns The first 32 bytes of its answer, and the rest. */
  ask(request: number, window: number): Promise<[Buffer, Buffer]>
  /** Sends a request that has no answer. */
  tell(request: number, window: number): void
}

async function withScreen<T>(display: string, use: (screen: Screen) => Promise<T>): Promise<T> {
  const socket = connect(`/tmp/.X11-unix/X${display.replace(':', '')}`)
  await once(socket, 'connect')
  async function read(length: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0)
    for (;;) {
      const part: Buffer | null = socket.read(length)
      if (part?.length === length) return part
      if (part || socket.readableEnded) throw new Error('The screen has closed the connection.')
      await once(socket, 'readable')
    }
  }
  function tell(request: number, window: number): void {
    const bytes = Buffer.alloc(8)
    bytes[0] = request
    bytes.writeUInt16LE(2, 2)
    bytes.writeUInt32LE(window, 4)
    socket.write(bytes)
  }
  async function ask(request: number, window: number): Promise<[Buffer, Buffer]> {
    tell(request, window)
    const head = await read(32)
    if (head[0] !== 1) throw new Error(`The screen refused request ${request}.`)
    return [head, await read(4 * head.readUInt32LE(4))]
  }
  try {
    // Version 11.0, the least significant byte first, without authorization.
    socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    const head = await read(8)
    const setup = await read(4 * head.readUInt16LE(6))
    if (head[0] !== 1) throw new Error('The screen refused the connection.')
    const vendor = (setup.readUInt16LE(16) + 3) & ~3
    const formats = 8 * (setup[21] ?? 0)
    return await use({ root: setup.readUInt32LE(32 + vendor + formats), ask, tell })
  } finally {
    socket.destroy()
  }
}
