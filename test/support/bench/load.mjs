// @ts-check
import { Agent, request } from 'node:http'

/**
 * Sends requests over a few keep-alive connections.
 *
 * @param {string} url
 * @param {{ count: number, headers: Record<string, string>, connections?: number }} options
 * @returns {Promise<number[]>} The time of each request, in ms.
 */
export async function load(url, { count, headers, connections = 8 }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  /** @type {number[]} */
  const times = []
  let left = count
  const work = async () => {
    while (left-- > 0) times.push(await time(url, agent, headers))
  }
  await Promise.all(Array.from({ length: connections }, work))
  agent.destroy()
  return times
}

/** @param {readonly number[]} times @param {number} percent @returns {number} The time that this share of all requests stays under. */
export function percentile(times, percent) {
  const sorted = [...times].sort((a, b) => a - b)
  return (
    sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
  )
}

/**
 * @param {string} url
 * @param {Agent} agent
 * @param {Record<string, string>} headers
 * @returns {Promise<number>} In ms.
 */
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
