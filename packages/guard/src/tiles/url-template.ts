import type { CanonicalTarget } from './canonical-path.ts'

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

/**
 * Compiles a template such as `/data/{tileset}/{z}/{x}/{y}.pbf`, or
 * `/wmts?layer={tileset}&tilematrix={z}&tilerow={y}&tilecol={x}`. Placeholders: `{tileset}`, `{z}`,
 * `{x}`, `{y}`, `{-y}` (counted from the south), `{ratio}` (`@2x` or nothing), `{ext}`, and `{*}` for
 * anything within a segment. Names of query parameters match in any case. A request must have each
 * parameter of the template exactly once.
 *
 * @throws `TypeError` naming the invalid template.
 */
export function compileUrlTemplate(template: string): MatchUrl {
  if (!template.startsWith('/')) throw new TypeError(`"${template}" must start with "/"`)
  const start = template.indexOf('?')
  const matchPath = compilePart(template, start < 0 ? template : template.slice(0, start))
  const parameters = (start < 0 ? [] : template.slice(start + 1).split('&')).map((parameter) => {
    const [name = '', value = ''] = parameter.split(/=(.*)/s)
    if (!name) throw new TypeError(`"${template}" has a parameter without a name`)
    return { name: name.toLowerCase(), matchValue: compilePart(template, value) }
  })
  assertUnambiguous(template)

  return (target) => {
    const values = new Map<string, string>()
    if (!matchPath(target.path, values)) return
    if (parameters.length === 0) return values
    // With the question mark, or URLSearchParams would drop a second one, which belongs to the first name.
    const given = [...new URLSearchParams(`?${target.query}`)]
    for (const { name, matchValue } of parameters) {
      // Some servers read "layer[]" as another "layer".
      const meant = given.filter(([key]) => key.toLowerCase().split('[')[0] === name)
      const [[key = '', value = ''] = []] = meant
      if (meant.length !== 1 || key.includes('[') || !matchValue(value, values)) return
    }
    return values
  }
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
