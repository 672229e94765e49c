import type { CanonicalTarget } from './canonical-path.ts'
import { isOgcRule, type RuleParameters } from './ogc-parameters.ts'
import { findQueryParameters, isParameterName, type QueryParameter } from './query.ts'

/** The values that a template's placeholders have in a request target, by placeholder. */
export type PlaceholderValues = ReadonlyMap<string, string>

/** Matches a template against a request target; `undefined` if it does not match. */
export type MatchUrl = (target: CanonicalTarget) => PlaceholderValues | undefined

const NUMBER = '(0|[1-9]\\d{0,9})'
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  tileset: '([^/]+)',
  z: NUMBER,
  x: NUMBER,
  y: NUMBER,
  // Counted from the south, as in TMS.
  '-y': NUMBER,
  ratio: '((?:@[1-9]x)?)',
  ext: '([A-Za-z0-9]+)',
  '*': '([^/]+)',
}

/** A template, compiled. */
export interface UrlTemplate {
  readonly match: MatchUrl
  readonly parameters: RuleParameters
}

/**
 * Compiles a template such as `/data/{tileset}/{z}/{x}/{y}.pbf`, or
 * `/tiles?layer={tileset}&z={z}&y={y}&x={x}`. Placeholders: `{tileset}`, `{z}`, `{x}`, `{y}`, `{-y}`
 * (counted from the south), `{ratio}` (`@2x` or nothing), `{ext}`, and `{*}` for anything within a
 * segment. A `{tileset}` that is the whole value of a parameter may contain `/`.
 *
 * A request must have each parameter of the template, may have the optional ones, and no other. Values
 * match exactly, as they are once percent-decoded; so do names, except that they match in any case in
 * rules for OGC services.
 *
 * @param optional Names of parameters that may also be present, with any value.
 * @throws `TypeError` naming the invalid template.
 */
export function compileUrlTemplate(
  template: string,
  optional: readonly string[] = [],
): UrlTemplate {
  if (!template.startsWith('/')) throw new TypeError(`"${template}" must start with "/"`)
  const start = template.indexOf('?')
  const matchPath = compilePart(template, start < 0 ? template : template.slice(0, start))
  const pairs = readPairs(template, start < 0 ? '' : template.slice(start + 1))
  assertUnambiguous(template)
  const parameters = {
    fixed: new Map(pairs.map(({ name, value }) => [name.toLowerCase(), value])),
    optional: new Set(optional.map((name) => name.toLowerCase())),
  }
  // Another server would ignore a name in another case, and with it what the template asks for.
  const toKey = isOgcRule(parameters) ? (name: string) => name.toLowerCase() : String
  const matchers = pairs.map(({ name, value }) => ({
    key: toKey(name),
    matchValue: value === '{tileset}' ? matchWholeTileset : compilePart(template, value),
  }))
  const known = new Set([...matchers.map(({ key }) => key), ...optional.map(toKey)])

  const match: MatchUrl = ({ path, query }) => {
    const values = new Map<string, string>()
    if (!matchPath(path, values)) return
    const list = findQueryParameters(query)
    if (!list?.every(({ name }) => known.has(toKey(name)))) return
    const given = new Map(list.map(({ name, value }) => [toKey(name), value]))
    for (const { key, matchValue } of matchers) {
      const value = given.get(key)
      if (value === undefined || !matchValue(value, values)) return
    }
    return values
  }
  return { match, parameters }
}

function readPairs(template: string, query: string): readonly QueryParameter[] {
  if (query === '') return []
  const names = new Set<string>()
  return query.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    if (!name) throw new TypeError(`"${template}" has a parameter without a name`)
    if (!isParameterName(name))
      throw new TypeError(
        `"${template}" must name its parameters with letters, digits, "_" and "-" only`,
      )
    if (names.has(name.toLowerCase()))
      throw new TypeError(`"${template}" contains the parameter "${name}" twice`)
    names.add(name.toLowerCase())
    return { name, value }
  })
}

function matchWholeTileset(value: string, values: Map<string, string>): boolean {
  values.set('tileset', value)
  return value !== ''
}

/** Compiles a path, or the value of one parameter. */
function compilePart(template: string, part: string) {
  const names: string[] = []
  const source = part.replace(/\{([^}]*)\}|[^{]+|\{/g, (text, name: string | undefined) => {
    if (name === undefined) return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    const pattern = Object.hasOwn(PLACEHOLDERS, name) ? PLACEHOLDERS[name] : undefined
    if (pattern === undefined)
      throw new TypeError(`"${template}" contains the unknown placeholder {${name}}`)
    names.push(name)
    return pattern
  })
  const pattern = new RegExp(`^${source}$`)
  return (text: string, values: Map<string, string>): boolean => {
    const match = pattern.exec(text)
    if (!match) return false
    for (const [index, name] of names.entries()) values.set(name, match[index + 1] ?? '')
    return true
  }
}

// A placeholder that occurs twice could have two values, and adjacent ones could be split in two ways.
function assertUnambiguous(template: string): void {
  const names = [...template.matchAll(/\{(tileset|[zx]|-?y)\}/g)].map(([, name = '']) =>
    name.replace('-', ''),
  )
  if (new Set(names).size !== names.length)
    throw new TypeError(`"${template}" contains the same placeholder twice`)
  if (/\}\{(?!ratio\})/.test(template))
    throw new TypeError(`"${template}" must have text between two placeholders`)
}
