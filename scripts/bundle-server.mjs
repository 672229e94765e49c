// @ts-check
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { rolldown } from 'rolldown'
import { root } from './setup.mjs'

const OUTPUT = join(root, 'server/dist/bundle')

/**
 * What goes into the bundle besides the broker's own modules: packages of many small modules whose version
 * is exact anyway. All others stay imports, so that whoever installs the broker can update them.
 */
const INSIDE = /^(?:\.|\/|@tilepass\/guard(?:\/|$)|kysely$)/

/**
 * Bundles the command: Node needs a millisecond for each module, and there are 500. What only some commands
 * need stays in files of its own.
 */
export async function bundleServer() {
  const bundle = await rolldown({
    input: join(root, 'server/dist/main.js'),
    platform: 'node',
    external: (id) => !INSIDE.test(id),
  })
  const { output } = await bundle.write({ dir: OUTPUT, format: 'esm' })
  await bundle.close()
  const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
  writeFileSync(join(OUTPUT, 'LICENSES.txt'), collectLicenses(modules))
}

/**
 * The licences of the packages in a bundle, which ask to be passed on with it.
 *
 * @param {readonly string[]} modules Paths.
 */
function collectLicenses(modules) {
  const packages = new Set(
    modules.flatMap((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  )
  return [...packages]
    .sort()
    .map((folder) => {
      const file = readdirSync(folder).find((name) => /^licen[cs]e(?:\.|$)/i.test(name))
      if (!file) throw new Error(`${relative(root, folder)} has no licence, and is in the bundle.`)
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
    })
    .join('\n---\n\n')
}
