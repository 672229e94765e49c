import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { PACKAGES } from '../../scripts/architecture-rules.mjs'
import { createSbom } from '../../scripts/sbom.mjs'
import { root } from '../support/repository.ts'

vi.setConfig({ testTimeout: 60_000 })

/** An entry of the lock file. */
interface Locked {
  readonly version: string
  readonly resolved?: string
  readonly link?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const { packages: locked }: { packages: Readonly<Record<string, Locked>> } = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
)

/** Where Node finds a dependency of the package in this folder: in the nearest `node_modules`. */
function resolve(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = at.replace(/\/?[^/]*$/, '')) {
    const path = `${at ? `${at}/` : ''}node_modules/${name}`
    const entry = locked[path]
    if (entry) return entry.link ? entry.resolved : path
    if (at === '') return
  }
}

/** Name and version of everything below a folder of the lock file, without development and peer dependencies. */
function listProduction(start: string): readonly string[] {
  const folders = [start]
  const found = new Map<string, string>()
  for (const folder of folders) {
    const { dependencies, optionalDependencies } = locked[folder] ?? {}
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const path = resolve(folder, name)
      if (path === undefined || found.has(path)) continue
      found.set(path, `${name}@${locked[path]?.version}`)
      folders.push(path)
    }
  }
  return [...new Set(found.values())].sort()
}

const sboms = new Map(PACKAGES.map(({ name }) => [name, createSbom(name)]))

test.each(PACKAGES)(
  'the SBOM of $name is about it and lists exactly what it brings along',
  ({ name, folder }) => {
    const { metadata, components = [] } = sboms.get(name) ?? {}
    const { version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    expect(metadata?.component).toMatchObject({
      name,
      purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    })
    const listed = components.map(({ purl }) => decodeURIComponent(purl.replace('pkg:npm/', '')))
    expect(listed.sort()).toEqual(listProduction(folder))
  },
)

test.each(PACKAGES)('the SBOM of $name is CycloneDX 1.5', ({ name }) => {
  const sbom = sboms.get(name)
  expect(sbom).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    serialNumber: expect.stringMatching(/^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  })
  const all = sbom ? [sbom.metadata.component, ...sbom.components] : []
  for (const component of all)
    expect(component).toMatchObject({
      type: 'library',
      name: expect.any(String),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      purl: expect.stringMatching(/^pkg:npm\/(?:%40[\w.-]+\/)?[\w.-]+@\d/),
    })
  // Every reference names one component, and every component says what it depends on.
  const references = all.map((component) => component['bom-ref'])
  expect(new Set(references).size).toBe(references.length)
  expect(sbom?.dependencies.map(({ ref }) => ref).sort()).toEqual([...references].sort())
  const targets = sbom?.dependencies.flatMap(({ dependsOn }) => dependsOn) ?? []
  expect(targets.filter((target) => !references.includes(target))).toEqual([])
})

test('a browser package brings along nothing but other packages of this repository', () => {
  const bring = (name: string) => sboms.get(name)?.components.map((component) => component.name)
  expect(bring('@tilepass/core')).toEqual([])
  expect(bring('@tilepass/maplibre')).toEqual(['@tilepass/core'])
  expect(bring('@tilepass/leaflet')).toEqual(['@tilepass/core'])
})

test.each(PACKAGES)(
  'the SBOM of $name names no folder or registry of the machine that made it',
  ({ name }) => {
    const text = JSON.stringify(sboms.get(name))
    for (const trace of [root, tmpdir(), 'file:', 'localhost', '127.0.0.1', 'tilepass-suite'])
      expect(text).not.toContain(trace)
    expect(text).not.toMatch(/"type":"distribution"|https?:\/\/registry\./)
  },
)
