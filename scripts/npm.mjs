// @ts-check
import { execFileSync } from 'node:child_process'

const shell = process.platform === 'win32'

/**
 * Options for starting npm in a folder of its own: "npm test" tells every npm below it, by variables of
 * the environment, to work in the repository.
 *
 * @param {string} cwd
 */
export function npmOptions(cwd) {
  const env = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))
  return { cwd, env: Object.fromEntries(env), encoding: /** @type {const} */ ('utf8'), shell }
}

/** @param {string} cwd @param {string[]} args @returns {string} What npm printed on standard output. */
export function npm(cwd, args) {
  return execFileSync('npm', args, { ...npmOptions(cwd), stdio: ['ignore', 'pipe', 'inherit'] })
}
