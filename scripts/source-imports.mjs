// @ts-check
import { parseSync, Visitor } from 'vite'

/**
 * @typedef {object} SourceImport
 * @property {string} specifier As written, for example `./errors.ts` or `node:fs`.
 * @property {number} line
 * @property {boolean} isTypeOnly Whether the import disappears from the JavaScript.
 *
 * @typedef {object} GlobalUse
 * @property {string} name
 * @property {number} line
 */

/** Globals of Node that browsers and edge runtimes do not have. */
const NODE_GLOBALS = new Set(['Buffer', 'process', 'global', 'setImmediate', 'NodeJS'])

/**
 * Lists what a TypeScript source imports or re-exports, and the globals of Node that it uses.
 *
 * @param {string} path Named in the error if the source cannot be parsed.
 * @param {string} text
 * @returns {{ imports: SourceImport[], globals: GlobalUse[] }}
 */
export function readImports(path, text) {
  const { program, errors } = parseSync(path, text)
  if (errors[0]) throw new SyntaxError(`${path} cannot be parsed: ${errors[0].message}`)
  /** @type {SourceImport[]} */
  const imports = []
  /** @type {GlobalUse[]} */
  const globals = []
  const propertyNames = new Set()

  /** @param {{ readonly start: number }} node */
  const lineOf = ({ start }) => text.slice(0, start).split('\n').length
  /** @param {import('vite').ESTree.Expression | null} source @param {boolean} isTypeOnly */
  const add = (source, isTypeOnly) => {
    if (source?.type !== 'Literal' || typeof source.value !== 'string') return
    imports.push({ specifier: source.value, line: lineOf(source), isTypeOnly })
  }
  /** @param {{ readonly computed?: boolean }} node @param {unknown} name */
  const skipName = ({ computed }, name) => {
    if (!computed) propertyNames.add(name)
  }

  new Visitor({
    ImportDeclaration: ({ source, importKind }) => add(source, importKind === 'type'),
    ExportNamedDeclaration: ({ source, exportKind }) => add(source, exportKind === 'type'),
    ExportAllDeclaration: ({ source, exportKind }) => add(source, exportKind === 'type'),
    ImportExpression: ({ source }) => add(source, false),
    TSImportType: ({ source }) => add(source, true),
    // `response.process` and `{ process: 1 }` name a property, not the global.
    MemberExpression: (node) => skipName(node, node.property),
    Property: (node) => skipName(node, node.key),
    PropertyDefinition: (node) => skipName(node, node.key),
    MethodDefinition: (node) => skipName(node, node.key),
    TSPropertySignature: (node) => skipName(node, node.key),
    TSMethodSignature: (node) => skipName(node, node.key),
    Identifier(node) {
      if (!NODE_GLOBALS.has(node.name) || propertyNames.has(node)) return
      globals.push({ name: node.name, line: lineOf(node) })
    },
  }).visit(program)
  return { imports, globals }
}
