/** Most rows of a list that are answered at once. */
export const MAX_PAGE = 1000

/** A part of a list. */
export interface Page<T> {
  readonly rows: readonly T[]
  /** The row that the next part begins after; absent in the last part. */
  readonly end: T | undefined
}

/** Reads a page, and one row more than it holds, which shows whether there is a next one. */
export async function readPage<T>(
  limit: number,
  read: (limit: number) => Promise<readonly T[]>,
): Promise<Page<T>> {
  const found = await read(limit + 1)
  const rows = found.slice(0, limit)
  return { rows, end: found.length > limit ? rows.at(-1) : undefined }
}
