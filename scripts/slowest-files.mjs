// @ts-check
import { relative } from 'node:path'
import { root } from './setup.mjs'

/** @typedef {import('vitest/node').TestModule} TestModule */

const SHOWN = 10

/** @param {TestModule} module @returns {number} How long its imports, its hooks and its tests took, in ms. */
function measure(module) {
  const { collectDuration, setupDuration, duration } = module.diagnostic()
  return collectDuration + setupDuration + duration
}

/** A reporter of vitest: after a run of more than ten files it prints the ten that took longest. */
class SlowestFiles {
  /** @param {readonly TestModule[]} modules */
  onTestRunEnd(modules) {
    if (modules.length <= SHOWN) return
    const files = modules
      .map((module) => ({ module, time: measure(module) }))
      .sort((a, b) => b.time - a.time)
      .slice(0, SHOWN)
    console.log('Slowest files:')
    for (const { module, time } of files) {
      const seconds = (time / 1000).toFixed(1).padStart(6)
      console.log(`${seconds} s  ${module.project.name}  ${relative(root, module.moduleId)}`)
    }
  }
}

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by it
export default SlowestFiles
