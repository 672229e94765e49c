import type { Socket } from 'node:net'

interface Chunk {
  readonly chunk: Buffer | string
  readonly encoding: BufferEncoding
}

type Done = (error?: Error | null) => void

/**
 * Makes a socket write in parts, each once the one before it was taken. Node tells of a write only when
 * all of it was taken, and a response of some MB is one write.
 *
 * @param size Of the largest part, in bytes.
 * @param onTaken Called with the bytes of each write that the client has taken.
 */
export function writeInParts(socket: Socket, size: number, onTaken: (bytes: number) => void): void {
  const write = socket._write.bind(socket)
  const writev = socket._writev?.bind(socket)

  function writeAll(chunks: readonly Chunk[], writeAtOnce: (done: Done) => void, done: Done) {
    const bytes = chunks.reduce((sum, chunk) => sum + countBytes(chunk), 0)
    if (bytes <= size) {
      writeAtOnce((error) => {
        if (!error) onTaken(bytes)
        done(error)
      })
      return
    }
    const parts = divide(chunks, size)
    const writeNext = () => {
      const { value: part } = parts.next()
      if (!part) return done()
      // What Node itself says of a chunk that is no string; the types do not know it.
      write(part, 'buffer' as BufferEncoding, (error) => {
        if (error) return done(error)
        onTaken(part.length)
        // Not at once: a part that is taken at once calls back at once, and there may be thousands.
        process.nextTick(writeNext)
      })
    }
    writeNext()
  }

  socket._write = (chunk, encoding, done) =>
    writeAll([{ chunk, encoding }], (end) => write(chunk, encoding, end), done)
  if (writev)
    socket._writev = (chunks, done) => writeAll(chunks, (end) => writev(chunks, end), done)
}

const countBytes = ({ chunk, encoding }: Chunk) =>
  typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.length

function* divide(chunks: readonly Chunk[], size: number): Generator<Buffer, undefined> {
  for (const { chunk, encoding } of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
}
