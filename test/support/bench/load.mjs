// @ts-check
import { Agent, request } from 'node:http'

/**
 * Sends requests over a few keep-alive connections.
 *
 * @param {string} url
 * @param {{ count: number, headers: Record<string, string>, connections?: number, method?: string, body?: string }} options
 * @returns {Promise<number[]>} The time of each request, in ms.
 */
export async function load(url, { count, headers, connections = 8, method = 'GET', body }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  /** @type {number[]} */
  const times = []
  let left = count
  const work = async () => {
    while (left-- > 0) times.push(await time(url, { agent, headers, method }, body))
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
 * @param {import('node:http').RequestOptions} options
 * @param {string} [body]
 * @returns {Promise<number>} In ms.
 */
function time(url, options, body) {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    request(url, options, (response) => {
      const { statusCode = 0 } = response
      if (statusCode < 200 || statusCode > 299) reject(new Error(`${url} answered ${statusCode}`))
      response.resume().on('end', () => resolve(performance.now() - start))
    })
      .on('error', reject)
      .end(body)
  })
}
