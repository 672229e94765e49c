/** A suffix range, `-500`: the last bytes of a file. */
const SUFFIX = /^\s*-\s*(\d+)\s*$/

/**
 * Writes a `Range` header so that `response.sendFile` serves it by the standard; `undefined` if the
 * whole file is due.
 *
 * Express answers HEAD as if it were GET, and refuses a suffix that is longer than the file, for which
 * the whole file is the right answer.
 *
 * @param range The header of the request.
 * @param size Of the file, in bytes.
 * @see RFC 9110 §14.1.2, §14.2
 */
export function toServedRange(
  method: string,
  range: string | undefined,
  size: bigint,
): string | undefined {
  if (range === undefined || method !== 'GET') return
  const [unit = '', list] = range.split(/=(.*)/s)
  if (list === undefined) return range
  const ranges = list.split(',').map((part) => {
    const length = SUFFIX.exec(part)?.[1]
    return length !== undefined && BigInt(length) > size ? '0-' : part
  })
  return `${unit}=${ranges.join(',')}`
}
