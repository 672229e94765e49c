/** The part of a request that hides nothing that the client sent. A Node request is one. */
export interface RawRequest {
  /** Names and values in turn, in the order and the case in which they arrived. */
  readonly rawHeaders: readonly string[]
  /** Path and query, in origin form. */
  readonly url?: string | undefined
}

/** Reads every value of a header, as it was sent. @param name In lower case. */
export function readHeaders({ rawHeaders }: RawRequest, name: string): string[] {
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index]
    const value = rawHeaders[index + 1]
    // Comparing lengths first is cheaper than lower case.
    if (given?.length !== name.length || value === undefined) continue
    if (given.toLowerCase() === name) values.push(value)
  }
  return values
}
