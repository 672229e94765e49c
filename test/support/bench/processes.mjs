// @ts-check
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** The core of what is measured, and that of the load. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

/** Processes keep to their core where the system can tell them to, and there are two. */
const isPinned = (() => {
  if (availableParallelism() < 2) return false
  try {
    execFileSync('taskset', ['-c', '0,1', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/**
 * A command that keeps to one core.
 *
 * @param {number} core
 * @param {readonly string[]} command The program and its arguments.
 */
export function pin(core, command) {
  return isPinned ? ['taskset', '-c', String(core), ...command] : [...command]
}

/**
 * Starts a Node process on one core.
 *
 * @param {number} core
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function startOn(core, args, options = {}) {
  const [file = '', ...rest] = pin(core, [process.execPath, ...args])
  return spawn(file, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], ...options })
}

/**
 * Asks a process that {@link startOn} has started, and waits for its answer.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {object} message
 * @returns {Promise<any>}
 */
export function ask(child, message) {
  return new Promise((resolve, reject) => {
    const end = () => reject(new Error('The process ended before it had answered'))
    child.once('exit', end)
    child.once('message', (/** @type {any} */ value) => {
      child.off('exit', end)
      if (value.error === undefined) resolve(value)
      else reject(new Error(value.error))
    })
    child.send(message)
  })
}

/**
 * Reads the CPU time of all threads of a process, in µs. Linux keeps it in nanoseconds per thread.
 *
 * @param {number | undefined} pid
 */
export function readCpu(pid) {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`))
    try {
      const [onCpu] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
      nanoseconds += Number(onCpu)
    } catch {
      // A thread that ended just now.
    }
  return nanoseconds / 1000
}

/**
 * Reads the CPU time of a process and of those that it has started and that still run, in µs.
 *
 * @param {number | undefined} pid
 */
export function readCpuOfAll(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  const started = children.filter(Boolean).map(Number)
  return started.reduce((sum, child) => sum + readCpu(child), readCpu(pid))
}

/** Reads the memory of a process that is in RAM, in MB. @param {number | undefined} pid */
export function readMemory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024
}
