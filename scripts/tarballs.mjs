// @ts-check
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGES } from './architecture-rules.mjs'
import { build } from './build.mjs'
import { npm } from './npm.mjs'
import { root } from './setup.mjs'

/**
 * Packs every built package into a folder, in place of the tarballs there.
 *
 * @param {string} folder
 * @returns {string[]} Paths of the tarballs, each after those that it depends on.
 */
export function packTarballs(folder) {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder))
    if (/^tilepass-.*\.tgz$/.test(name)) rmSync(join(folder, name))
  // Without scripts: "prepack" would look at the build again for each package.
  const options = ['--json', '--ignore-scripts', '--pack-destination', folder]
  const text = npm(root, ['pack', ...options, ...PACKAGES.map((each) => `./${each.folder}`)])
  /** @type {{ filename: string }[]} */
  const packed = Object.values(JSON.parse(text))
  return packed.map(({ filename }) => join(folder, filename))
}

/**
 * The command that installs tarballs. It names all of them, because npm would look for those that it
 * does not name in the registry.
 *
 * @param {readonly string[]} paths
 */
export function toInstallCommand(paths) {
  return ['npm install', ...paths.map(quote)].join(' ')
}

/** @param {string} path */
const quote = (path) => (/[^\w./\\:@-]/.test(path) ? JSON.stringify(path) : path)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build(['packages', 'server'])
  console.error('Packing …')
  console.log(toInstallCommand(packTarballs(join(root, 'tarballs'))))
}
