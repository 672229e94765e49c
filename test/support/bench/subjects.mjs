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

/** Starts the process that sends requests. */
export function startLoad() {
  const child = startOn(LOAD_CORE, [LOAD])
  return {
    /**
     * @param {string} url
     * @param {number} amount
     * @param {readonly RequestShape[]} requests Sent in turn.
     * @param {object} [options] Of autocannon.
     */
    send: (url, amount, requests, options) => ask(child, { url, amount, requests, ...options }),
    close: () => child.kill(),
  }
}

/** @typedef {ReturnType<typeof startLoad>} Load */

/**
 * A server as a subject.
 *
 * @param {Load} load
 * @param {number | undefined} pid Of the server.
 * @param {string} url
 * @param {readonly RequestShape[]} requests Sent in turn.
 * @returns {Subject}
 */
export function toSubject(load, pid, url, requests) {
  return async (count) => {
    const before = readCpu(pid)
    await load.send(url, count, requests)
    return (readCpu(pid) - before) / count
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
