import { Agent, request } from 'node:http'

/**
 * Sends requests over a few connections that stay open.
 *
 * @param {string} url
 * @param {{ count: number, headers: Record<string, string>, connections?: number }} options
 * @returns {Promise<number[]>} How long each took, in ms.
 */
export async function load(url, { count, headers, connections = 8 }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const times = []
  let left = count
  const work = async () => {
    while (left-- > 0) times.push(await time(url, agent, headers))
  }
  await Promise.all(Array.from({ length: connections }, work))
  agent.destroy()
  return times
}

/** The time that so many percent of all stay under. */
export function percentile(times, percent) {
  const sorted = times.toSorted((a, b) => a - b)
  return (
    sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
  )
}

function time(url, agent, headers) {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    request(url, { agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`))
      response.resume().on('end', () => resolve(performance.now() - start))
    })
      .on('error', reject)
      .end()
  })
}
