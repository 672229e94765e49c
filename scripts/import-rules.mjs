// @ts-check
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { TYPES_ONLY } from './architecture-rules.mjs'

/**
 * @typedef {import('./architecture-rules.mjs').PackageRules} PackageRules
 * @typedef {import('./source-imports.mjs').SourceImport} SourceImport
 * @typedef {{ readonly name: string, readonly floor: number }} Room Floor 0 is the top.
 */

/**
 * @param {string} file Path from the package's `src`.
 * @param {PackageRules} rules
 * @returns {Room | undefined} The innermost room that holds the file.
 */
export function findRoom(file, { floors }) {
  if (!floors) return { name: 'src', floor: 0 }
  const parts = file.replace(/\.ts$/, '').split('/')
  for (let depth = parts.length; depth > 0; depth--) {
    const name = parts.slice(0, depth).join('/')
    const isFolder = depth < parts.length
    const pattern = isFolder ? posix.join(posix.dirname(name), '*') : undefined
    const floor = floors.findIndex((rooms) => rooms.some((r) => r === name || r === pattern))
    if (floor >= 0) return { name, floor }
  }
  return undefined
}

/**
 * @param {string} file Path from the package's `src`.
 * @param {PackageRules} rules
 * @returns {string | undefined} Why the file may not lie where it does.
 */
export function findMisplacement(file, rules) {
  const { looseFiles, folder } = rules
  if (looseFiles && !file.includes('/') && !looseFiles.includes(file))
    return `only ${list(looseFiles)} may lie directly in ${folder}/src. Move the file into the folder of the concept that it serves.`
  if (!findRoom(file, rules))
    return 'the file belongs to no room. Add its room to scripts/architecture-rules.mjs.'
  return undefined
}

/**
 * @param {SourceImport} entry An import of another package or of Node.
 * @param {Room | undefined} room
 * @param {PackageRules} rules
 * @returns {string | undefined} The rule that the import breaks.
 */
export function findBrokenOutsideRule({ specifier, isTypeOnly }, room, rules) {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (name.startsWith('@tilepass/') && !rules.imports.includes(name))
    return `${rules.name} may import ${rules.imports.length > 0 ? `only ${list(rules.imports)}` : 'no other package'} of this repository.`
  if (TYPES_ONLY.includes(name) && !isTypeOnly)
    return 'only types may come from a map library. Write "import type", or let the caller pass the value in.'
  if (isBuiltin(specifier) && isPortable(room, rules)) return portableRule(room, rules)
  return undefined
}

/**
 * @param {Room} from
 * @param {Room} to
 * @param {PackageRules} rules
 * @returns {string | undefined} The rule that an import from one room into the other breaks.
 */
export function findBrokenFloorRule(from, to, { neighbours = [] }) {
  if (to.floor > from.floor) return undefined
  if (to.floor < from.floor)
    return `imports only go down: "${from.name}" is on floor ${from.floor + 1}, and "${to.name}" is above it, on floor ${to.floor + 1}. Let the caller pass the value in, or move the code down.`
  if (neighbours.some(([one, other]) => one === from.name && other === to.name)) return undefined
  return `"${from.name}" and "${to.name}" are on one floor, and rooms of one floor do not import each other. Move what they share to a lower floor.`
}

/** @param {Room | undefined} room @param {PackageRules} rules */
export function isPortable(room, { portable }) {
  return typeof portable === 'boolean' ? portable : portable.includes(room?.name ?? '')
}

/** @param {Room | undefined} room @param {PackageRules} rules */
export function portableRule(room, rules) {
  const where = rules.portable === true ? rules.name : `"${room?.name}" in ${rules.name}`
  return `${where} must run without Node, in browsers or at the edge. Use a Web API, or let the caller pass the value in.`
}

/** @param {readonly string[]} words */
function list(words) {
  return words.join(', ').replace(/, ([^,]*)$/, ' and $1')
}
