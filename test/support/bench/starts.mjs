// @ts-check
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * How long a server takes from the start of its process to its first answer of status 200, in ms. It is
 * stopped afterwards.
 *
 * @param {() => import('node:child_process').ChildProcess} start
 * @param {string} url
 */
export async function timeStart(start, url) {
  const startedAt = performance.now()
  const child = start()
  await waitForAnswer(child, url)
  const time = performance.now() - startedAt
  const ended = once(child, 'exit')
  child.kill()
  await ended
  return time
}

/** Waits until a server answers with status 200. @param {import('node:child_process').ChildProcess} child @param {string} url */
export async function waitForAnswer(child, url) {
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`The server of ${url} has ended`)
    await wait(5)
  }
}

/** @param {string} url */
async function answers(url) {
  const response = await fetch(url).catch(() => undefined)
  await response?.arrayBuffer()
  return response?.ok ?? false
}
