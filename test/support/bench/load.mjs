import { Agent, request } from 'node:http'

/**
 * Sends requests over a few persistent connections.
 *
 * @param {string} url
 * @param {{ count: number, headers: Record<string, string>, connections?: number }} options
 * @returns {Promise<number[]>} The duration of each request, in ms.
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

/** The percentile of durations. */
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
