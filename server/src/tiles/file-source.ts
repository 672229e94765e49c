import { type FileHandle, open } from 'node:fs/promises'
import type { RangeResponse, Source } from 'pmtiles'

/** A PMTiles source over a file that stays open until it is closed. */
export interface FileSource extends Source {
  close(): Promise<void>
}

/** Opens a file for reading in ranges. @throws Node's error if it cannot be read. */
export async function openFileSource(path: string): Promise<FileSource> {
  const file = await open(path, 'r')
  return {
    getKey: () => path,
    getBytes: (offset, length) => readRange(file, offset, length),
    close: () => file.close(),
  }
}

async function readRange(file: FileHandle, offset: number, length: number): Promise<RangeResponse> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return { data: bytes.buffer.slice(0, filled) }
}
