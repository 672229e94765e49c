// @ts-check

/** @typedef {ReadonlyMap<string, ReadonlySet<string>>} Graph Each node with the nodes that it points to. */

/**
 * Finds the circles of a graph: for every node on one, the shortest way back to it.
 *
 * @param {Graph} graph
 * @returns {string[][]} Each circle once, as a path that ends where it begins.
 */
export function findCircles(graph) {
  const circles = new Map()
  for (const start of [...graph.keys()].sort()) {
    const path = findWayBack(graph, start)
    if (!path) continue
    const key = [...path].sort().join(' ')
    if (!circles.has(key)) circles.set(key, [...path, start])
  }
  return [...circles.values()]
}

/**
 * @param {Graph} graph
 * @param {string} start
 * @returns {string[] | undefined} The nodes of the shortest circle through the start, without its end.
 */
function findWayBack(graph, start) {
  const paths = [[start]]
  const seen = new Set()
  for (const path of paths) {
    for (const next of graph.get(path.at(-1) ?? start) ?? []) {
      if (next === start) return path
      if (seen.has(next)) continue
      seen.add(next)
      paths.push([...path, next])
    }
  }
  return undefined
}
