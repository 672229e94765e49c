import { type FileHandle, open } from 'node:fs/promises'
import type { RangeResponse, Source } from 'pmtiles'

/** A PMTiles source over a file that stays open until it is closed. */
export interface FileSource extends Source {
  /** Tells the file from every other one, and from what it was before it was written to. */
  getKey(): string
  /** The key, after a look at the file if the last one was more than a second ago. */
  readKey(): string | Promise<string>
  close(): Promise<void>
}

/** For how long a change of the file may go unnoticed, in ms. */
const MAX_STALENESS = 1_000

/** Opens a file for reading in ranges. @throws Node's error if it cannot be read. */
export async function openFileSource(path: string): Promise<FileSource> {
  const file = await open(path, 'r')
  let key = await describe(file)
  // Monotonic: setting the clock back must not prolong the time.
  let checkedAt = performance.now()
  const look = async () => {
    key = await describe(file)
    return key
  }
  return {
    getKey: () => key,
    readKey: () => {
      const at = performance.now()
      if (at - checkedAt < MAX_STALENESS) return key
      checkedAt = at
      return look()
    },
    getBytes: (offset, length) => readRange(file, offset, length),
    close: () => file.close(),
  }
}

async function describe(file: FileHandle): Promise<string> {
  const { dev, ino, size, mtimeNs } = await file.stat({ bigint: true })
  return [dev, ino, size, mtimeNs].join('-')
}

async function readRange(file: FileHandle, offset: number, length: number): Promise<RangeResponse> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return { data: filled === length ? bytes.buffer : bytes.buffer.slice(0, filled) }
}
