// @ts-check
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ask, LOAD_CORE, readCpu, SERVER_CORE, startOn } from './processes.mjs'

const PEER = fileURLToPath(new URL('peer-process.mjs', import.meta.url))
const LOAD = fileURLToPath(new URL('load-process.mjs', import.meta.url))

/**
 * What is measured: does something so many times, and resolves to the CPU time of one, in µs.
 *
 * @typedef {(count: number) => Promise<number>} Subject
 */

/**
 * @typedef {object} RequestShape
 * @property {string} path
 * @property {string} [method]
 * @property {Record<string, string>} [headers]
 * @property {string} [body]
 */

/**
 * @typedef {object} Load
 * @property {(url: string | readonly string[], amount: number, requests: readonly RequestShape[], options?: object) => Promise<{ amount: number }>} send
 *   Sends requests in turn, and resolves to how many were answered. Only autocannon takes several servers,
 *   among which it divides its connections, and options.
 * @property {() => void} close
 */

/** Starts autocannon in a process of its own. @returns {Load} */
export function startLoad() {
  const child = startOn(LOAD_CORE, [LOAD])
  return {
    send: async (url, amount, requests, options) => ({
      ...(await ask(child, { url, amount, requests, ...options })),
      amount,
    }),
    close: () => void child.kill(),
  }
}

/**
 * A server as a subject.
 *
 * @param {Load} load
 * @param {number | undefined | (() => number)} server Its process, or what reads the CPU time of all that it
 *   consists of, in µs.
 * @param {string | readonly string[]} url
 * @param {readonly RequestShape[]} requests Sent in turn.
 * @param {object} [options] Of autocannon.
 * @returns {Subject}
 */
export function toSubject(load, server, url, requests, options) {
  const read = typeof server === 'function' ? server : () => readCpu(server)
  return async (count) => {
    const before = read()
    const { amount } = await load.send(url, count, requests, options)
    return (read() - before) / amount
  }
}

/**
 * Starts a peer as a process of its own.
 *
 * @param {Load} load
 * @param {string} kind
 * @param {string} [argument]
 */
export async function startPeer(load, kind, argument = '') {
  const child = startOn(SERVER_CORE, [PEER, kind, argument])
  const [{ url }] = await once(child, 'message')
  return {
    url,
    close: () => child.kill(),
    /** @param {RequestShape} request @returns {Subject} */
    ask: (request) => toSubject(load, child.pid, url, [request]),
    /** Work without a server. @returns {Subject} */
    work: () => async (count) => {
      const before = readCpu(child.pid)
      await ask(child, { count })
      return (readCpu(child.pid) - before) / count
    },
  }
}
