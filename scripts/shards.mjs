// @ts-check
import { statSync } from 'node:fs'
import { BaseSequencer } from 'vitest/node'

/** @typedef {import('vitest/node').TestSpecification} TestSpecification */

/** Large files mostly take longest. What a machine measured would make shards differ between machines. @param {TestSpecification} a @param {TestSpecification} b */
function compare(a, b) {
  return (
    a.project.name.localeCompare(b.project.name, 'en') ||
    statSync(b.moduleId).size - statSync(a.moduleId).size ||
    a.moduleId.localeCompare(b.moduleId, 'en')
  )
}

/** `--shard=1/4` gets every fourth file of each project, so that shards take about as long. */
export class EvenShards extends BaseSequencer {
  /** @override @param {TestSpecification[]} files */
  async shard(files) {
    const { shard } = this.ctx.config
    if (!shard) return files
    return [...files].sort(compare).filter((_file, at) => at % shard.count === shard.index - 1)
  }
}
