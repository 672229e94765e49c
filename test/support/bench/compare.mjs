// @ts-check

/**
 * Measures subjects in one run, in rounds, whose order alternates, so that a change in the machine's
 * speed affects all alike and none gains from its position. The first round warms up and is not counted.
 *
 * @param {Readonly<Record<string, import('./subjects.mjs').Subject>>} subjects
 * @param {{ rounds: number, count: number }} options
 * @returns {Promise<(name: string) => readonly number[]>} The figures of each round, by subject.
 */
export async function measureInRounds(subjects, { rounds, count }) {
  const all = Object.entries(subjects).map(([name, measure]) => ({
    name,
    measure,
    /** @type {number[]} */
    figures: [],
  }))
  for (const { measure } of all) await measure(count)
  for (let round = 0; round < rounds; round += 1)
    for (const { measure, figures } of round % 2 === 0 ? all : [...all].reverse())
      figures.push(await measure(count))
  return (name) => {
    const found = all.find((each) => each.name === name)
    if (!found) throw new TypeError(`"${name}" was not measured`)
    return found.figures
  }
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
  return summarize(subject.map((value, round) => value / (peer[round] ?? Number.NaN)))
}

/**
 * By how much the subject is over the peer in each round, as {@link toRatio} does.
 *
 * @param {readonly number[]} subject
 * @param {readonly number[]} peer
 * @param {number} unit What counts as 1.
 */
export function toDifference(subject, peer, unit) {
  return summarize(subject.map((value, round) => (value - (peer[round] ?? Number.NaN)) / unit))
}

/** @param {readonly number[]} values */
function summarize(values) {
  return {
    ratio: median(values),
    spread: (quantile(values, 0.75) - quantile(values, 0.25)) / 2,
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
