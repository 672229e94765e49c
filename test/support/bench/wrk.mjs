// @ts-check
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from '../../../scripts/gateways.mjs'
import { LOAD_CORE, pin } from './processes.mjs'

const run = promisify(execFile)

/**
 * A load that is sent by wrk, over as many connections as autocannon's. wrk counts time, not requests, so
 * the number that it answers with is not the one that was asked for.
 *
 * @param {{ seconds: number }} options
 * @returns {import('./subjects.mjs').Load | undefined} `undefined` if wrk is not installed.
 */
export function startWrk({ seconds }) {
  const program = findProgram('wrk')
  if (program === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  const script = join(folder, 'requests.lua')
  return {
    send: async (url, _amount, requests) => {
      writeFileSync(script, toScript(requests))
      const options = [
        '-t1',
        '-c32',
        '--timeout',
        '10s',
        `-d${seconds}s`,
        '-s',
        script,
        String(url),
      ]
      const [file = '', ...args] = pin(LOAD_CORE, [program, ...options])
      return readReport((await run(file, args)).stdout)
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The requests as a script of wrk, sent in turn. @param {readonly import('./subjects.mjs').RequestShape[]} requests */
function toScript(requests) {
  const formatted = requests.map(({ method = 'GET', path, headers = {}, body }) => {
    const fields = Object.entries(headers).map(
      ([name, value]) => `[${quote(name)}] = ${quote(value)}`,
    )
    const rest = body === undefined ? '' : `, ${quote(body)}`
    return `wrk.format(${quote(method)}, ${quote(path)}, { ${fields.join(', ')} }${rest})`
  })
  return `local requests, next = {}, 0
function init()
  requests = { ${formatted.join(', ')} }
end
function request()
  next = next % #requests + 1
  return requests[next]
end
`
}

/** A text in Lua; ASCII without control characters is written as in JSON. @param {string} text */
function quote(text) {
  return JSON.stringify(text)
}

/** @param {string} report What wrk prints. */
function readReport(report) {
  const [, amount = ''] = /(\d+) requests in /.exec(report) ?? []
  if (amount === '' || /Non-2xx|Socket errors/.test(report))
    throw new Error(`wrk had requests that failed:\n${report}`)
  return { amount: Number(amount) }
}
