// @ts-check
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGES } from './architecture-rules.mjs'
import { findCircles } from './circles.mjs'
import {
  findBrokenFloorRule,
  findBrokenOutsideRule,
  findMisplacement,
  findRoom,
  isPortable,
  portableRule,
} from './import-rules.mjs'
import { root, setUp } from './setup.mjs'

/**
 * @typedef {import('./architecture-rules.mjs').PackageRules} PackageRules
 * @typedef {import('./source-imports.mjs').SourceImport} SourceImport
 *
 * @typedef {object} PackageReport
 * @property {string[]} problems
 * @property {Record<string, number>} figures
 */

/**
 * Holds a package's sources to its rules.
 *
 * @param {string} base The folder that contains the package's folder.
 * @param {PackageRules} rules
 * @returns {Promise<PackageReport>}
 */
export async function checkPackage(base, rules) {
  // Loaded late, because it needs installed dependencies.
  const { readImports } = await import('./source-imports.mjs')
  const source = `${rules.folder}/src`
  /** @type {string[]} */
  const problems = []
  /** @type {Map<string, Set<string>>} */
  const fileGraph = new Map()
  /** @type {Map<string, Set<string>>} */
  const roomGraph = new Map()
  const wrongArrows = new Set()
  let roomless = 0

  /**
   * @param {string} file
   * @param {SourceImport} entry
   * @returns {string | undefined} The rule that the import breaks.
   */
  function judge(file, entry) {
    const room = findRoom(file, rules)
    if (!entry.specifier.startsWith('.')) return findBrokenOutsideRule(entry, room, rules)
    const target = posix.join(posix.dirname(file), entry.specifier)
    if (target.startsWith('..')) return 'a package reaches another one by its name, not by a path.'
    fileGraph.get(file)?.add(target)
    const targetRoom = findRoom(target, rules)
    if (!room || !targetRoom || room.name === targetRoom.name) return undefined
    roomGraph.get(room.name)?.add(targetRoom.name)
    const rule = findBrokenFloorRule(room, targetRoom, rules)
    if (rule) wrongArrows.add(`${room.name} → ${targetRoom.name}`)
    return rule
  }

  for (const file of listSources(join(base, source))) {
    const path = `${source}/${file}`
    const room = findRoom(file, rules)
    fileGraph.set(file, new Set())
    if (room && !roomGraph.has(room.name)) roomGraph.set(room.name, new Set())
    if (!room) roomless++
    const misplacement = findMisplacement(file, rules)
    if (misplacement) problems.push(`${path}: ${misplacement}`)

    const { imports, globals } = readImports(path, readFileSync(join(base, path), 'utf8'))
    for (const entry of imports) {
      const rule = judge(file, entry)
      if (rule) problems.push(`${path}:${entry.line}: imports "${entry.specifier}", but ${rule}`)
    }
    if (!isPortable(room, rules)) continue
    for (const { name, line } of globals)
      problems.push(`${path}:${line}: uses "${name}", but ${portableRule(room, rules)}`)
  }

  const fileCircles = findCircles(fileGraph)
  const roomCircles = findCircles(roomGraph)
  for (const circle of fileCircles)
    problems.push(
      `${source}: files import each other in a circle: ${circle.join(' → ')}. Move what they share into a file that imports none of them.`,
    )
  // Where an arrow is wrong, that arrow is the news; without one, "neighbours" allows the circle.
  if (wrongArrows.size === 0)
    for (const circle of roomCircles)
      problems.push(
        `${source}: rooms import each other in a circle: ${circle.join(' → ')}. Remove one of the pairs from "neighbours".`,
      )
  return {
    problems,
    figures: {
      files: fileGraph.size,
      'files in no room': roomless,
      rooms: roomGraph.size,
      floors: rules.floors?.length ?? 1,
      'arrows between rooms': [...roomGraph.values()].reduce((sum, { size }) => sum + size, 0),
      'arrows up or sideways': wrongArrows.size,
      'circles of files': fileCircles.length,
      'circles of rooms': roomCircles.length,
    },
  }
}

/** @param {string} folder @returns {string[]} TypeScript files below it, as relative paths with `/`. */
function listSources(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => path.endsWith('.ts'))
    .sort()
}

/** Checks every package, prints each problem, and ends the process if there is one. */
export async function checkArchitecture({ showSummary = false } = {}) {
  /** @type {string[]} */
  const problems = []
  /** @type {Record<string, Record<string, number>>} */
  const table = {}
  for (const rules of PACKAGES) {
    const report = await checkPackage(root, rules)
    problems.push(...report.problems)
    for (const [label, figure] of Object.entries(report.figures))
      table[label] = { ...table[label], [rules.folder]: figure }
  }
  if (showSummary) console.table(table)
  for (const problem of problems) console.error(`  ${problem}`)
  if (problems.length === 0) return
  console.error(
    `${problems.length} problems in the architecture; scripts/architecture-rules.mjs has the rules.`,
  )
  process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp()
  await checkArchitecture({ showSummary: process.argv.includes('--summary') })
}
