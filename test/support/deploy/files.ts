import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { root } from '../repository.ts'

/** The folder of what operators deploy. */
export const folder = join(root, 'deploy')

/** Paths of all files in `deploy/`, with slashes, sorted. */
export const FILES: readonly string[] = readdirSync(folder, {
  withFileTypes: true,
  recursive: true,
})
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) =>
    join(parentPath, name)
      .slice(folder.length + 1)
      .replaceAll('\\', '/'),
  )
  .sort()

/** Reads a file of `deploy/`. */
export const readDeployed = (path: string): string => readFileSync(join(folder, path), 'utf8')

/**
 * Reads the documents of a YAML file of `deploy/`.
 *
 * @throws Error for what YAML warns of too, such as a key that stands twice.
 */
export function readYaml(path: string): unknown[] {
  return parseAllDocuments(readDeployed(path), { merge: true, strict: true }).map((document) => {
    const [fault] = [...document.errors, ...document.warnings]
    if (fault) throw new Error(`${path}: ${fault.message}`)
    return document.toJS()
  })
}

/** Follows keys and positions into something that was parsed; `undefined` where there is nothing. */
export function dig(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value
  for (const key of path) found = Object(found)[key]
  return found
}

/** Every name of a variable of ours that a text mentions, sorted. */
export function listVariables(text: string): string[] {
  return [...new Set(text.match(/\bTILEPASS_[A-Z_]*[A-Z]\b/g))].sort()
}
