// @ts-check

/**
 * Compares two functions in one run. Their batches alternate, so that a change in the machine's speed
 * affects both alike.
 *
 * @param {() => unknown} subject
 * @param {() => unknown} peer
 * @param {{ pairs?: number, batch?: number }} [options]
 * @returns {number} Median over the pairs of the subject's time divided by the peer's.
 */
export function ratioOf(subject, peer, { pairs = 21, batch = 50_000 } = {}) {
  let sink = 0
  /** @param {() => unknown} run */
  const time = (run) => {
    const start = process.hrtime.bigint()
    for (let i = 0; i < batch; i += 1) if (run() !== undefined) sink += 1
    return Number(process.hrtime.bigint() - start)
  }
  time(subject)
  time(peer)
  const ratios = Array.from({ length: pairs }, (_, index) => {
    // The two take turns in running first, so that neither gains from its position.
    if (index % 2 === 0) return time(subject) / time(peer)
    const other = time(peer)
    return time(subject) / other
  })
  if (sink === 0) throw new Error('Neither function returned a value, so nothing was measured.')
  return ratios.sort((a, b) => a - b)[Math.floor(pairs / 2)] ?? Number.NaN
}
