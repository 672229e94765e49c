// @ts-check
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGES } from './architecture-rules.mjs'
import { npm } from './npm.mjs'
import { root } from './setup.mjs'

/**
 * @typedef {object} Component
 * @property {string} bom-ref
 * @property {string} name
 * @property {string} version
 * @property {string} purl
 *
 * @typedef {object} Sbom
 * @property {{ component: Component }} metadata
 * @property {Component[]} components
 * @property {{ ref: string, dependsOn: string[] }[]} dependencies
 */

/** @param {string} path @returns {Record<string, unknown>} */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/**
 * Makes the software bill of materials of a published package: the versions of the lock file of
 * everything that its installation brings along, on every platform.
 *
 * "npm sbom --workspace … --omit dev" alone would leave out each package that any workspace of the
 * repository has as a development dependency, and would describe the repository instead of the package. So npm
 * gets a copy of the manifests without these, and shrinks the lock file to what is left.
 *
 * @param {string} name
 * @returns {Sbom}
 */
export function createSbom(name) {
  const names = [name]
  for (const current of names)
    names.push(...(PACKAGES.find((entry) => entry.name === current)?.imports ?? []))
  const packages = PACKAGES.filter((entry) => names.includes(entry.name))
  const copy = mkdtempSync(join(tmpdir(), 'tilepass-sbom-'))
  try {
    copyManifest('.', copy, { workspaces: packages.map(({ folder }) => folder) })
    for (const { folder } of packages) copyManifest(folder, copy)
    copyLockFile(
      copy,
      packages.map(({ folder }) => folder),
    )
    npm(copy, ['install', '--package-lock-only', '--offline', '--ignore-scripts', '--no-audit'])
    const text = npm(copy, ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'])
    return aboutPackage(JSON.parse(text), name)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/**
 * Peer dependencies are chosen by the application, so they are left out as well.
 *
 * @param {string} folder
 * @param {string} target
 * @param {Record<string, unknown>} members
 */
function copyManifest(folder, target, members = {}) {
  const { devDependencies, peerDependencies, ...manifest } = readJson(
    join(root, folder, 'package.json'),
  )
  const path = join(target, folder, 'package.json')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify({ ...manifest, ...members }))
}

/**
 * Copies the lock file without the other workspaces, which some versions of npm would keep.
 *
 * @param {string} target
 * @param {readonly string[]} folders
 */
function copyLockFile(target, folders) {
  const { packages, ...lock } = readJson(join(root, 'package-lock.json'))
  const isKept = (/** @type {string} */ path) =>
    path === '' ||
    path.startsWith('node_modules/') ||
    folders.some((folder) => `${path}/`.startsWith(`${folder}/`))
  const kept = Object.entries(Object(packages)).filter(
    ([path, { link, resolved }]) => isKept(path) && (!link || isKept(resolved)),
  )
  const text = JSON.stringify({ ...lock, packages: Object.fromEntries(kept) })
  writeFileSync(join(target, 'package-lock.json'), text)
}

/**
 * Makes the package the subject in place of the repository. npm names workspaces after their folders.
 *
 * @param {Sbom} sbom
 * @param {string} name
 * @returns {Sbom}
 */
function aboutPackage({ metadata, components, dependencies, ...sbom }, name) {
  const named = components.map((component) => {
    const own = PACKAGES.find((entry) => component['bom-ref'].startsWith(`${entry.name}@`))
    return own ? { ...component, name: own.name } : component
  })
  const subject = named.find((component) => component.name === name)
  if (!subject) throw new Error(`npm sbom does not list ${name}`)
  const repository = metadata.component['bom-ref']
  return {
    ...sbom,
    metadata: { ...metadata, component: subject },
    components: named.filter((component) => component !== subject),
    dependencies: dependencies.filter(({ ref }) => ref !== repository),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , target] = process.argv
  if (!target) {
    console.error('Usage: node scripts/sbom.mjs <folder for one SBOM of each package>')
    process.exit(2)
  }
  mkdirSync(target, { recursive: true })
  for (const { name } of PACKAGES) {
    const sbom = createSbom(name)
    const { version } = sbom.metadata.component
    const file = `${name.replace('@', '').replace('/', '-')}-${version}.cdx.json`
    writeFileSync(join(target, file), `${JSON.stringify(sbom, null, 2)}\n`)
    console.log(file)
  }
}
