// @ts-check

/**
 * Measures subjects in one run, in rounds, whose order alternates, so that a change in the machine's
 * speed affects all alike and none gains from its position. The first round warms up and is not counted.
 *
 * @template {string} Name
 * @param {Readonly<Record<Name, import('./subjects.mjs').Subject>>} subjects
 * @param {{ rounds: number, count: number }} options
 * @returns {Promise<Record<Name, number[]>>} The figures of each round.
 */
export async function measureInRounds(subjects, { rounds, count }) {
  const names = /** @type {Name[]} */ (Object.keys(subjects))
  const figures = /** @type {Record<Name, number[]>} */ (
    Object.fromEntries(names.map((name) => [name, []]))
  )
  for (const name of names) await subjects[name](count)
  for (let round = 0; round < rounds; round += 1)
    for (const name of round % 2 === 0 ? names : names.toReversed())
      figures[name].push(await subjects[name](count))
  return figures
}

/** @param {readonly number[]} values */
export function median(values) {
  return quantile(values, 0.5)
}

/**
 * The ratio of each round, as its median and half of the distance between its quartiles.
 *
 * @param {readonly number[]} subject
 * @param {readonly number[]} peer
 */
export function toRatio(subject, peer) {
  const ratios = subject.map((value, round) => value / (peer[round] ?? Number.NaN))
  return {
    ratio: median(ratios),
    spread: (quantile(ratios, 0.75) - quantile(ratios, 0.25)) / 2,
  }
}

/** @param {readonly number[]} values @param {number} share */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}
