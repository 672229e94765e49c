import type { CanonicalTarget } from './canonical-path.ts'

/** What a template found in a request target, by placeholder. */
export type Found = ReadonlyMap<string, string>

/** Tries a template on a request target; `undefined` if it does not fit. */
export type UrlTemplate = (target: CanonicalTarget) => Found | undefined

const NUMBER = '(0|[1-9]\\d{0,9})'
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  tileset: '([^/]+)',
  z: NUMBER,
  x: NUMBER,
  y: NUMBER,
  // Counted from the south, as TMS does.
  '-y': NUMBER,
  ratio: '((?:@[1-9]x)?)',
  ext: '([A-Za-z0-9]+)',
  '*': '([^/]+)',
}

/**
 * Compiles a template such as `/data/{tileset}/{z}/{x}/{y}.pbf`, or
 * `/wmts?layer={tileset}&tilematrix={z}&tilerow={y}&tilecol={x}`. Placeholders: `{tileset}`, `{z}`,
 * `{x}`, `{y}`, `{-y}` (counted from the south), `{ratio}` (`@2x` or nothing), `{ext}`, and `{*}` for
 * anything within a segment. Names of parameters match in any case; a parameter that the template
 * names must be there once.
 *
 * @throws `TypeError` for a template that cannot work.
 */
export function compileUrlTemplate(template: string): UrlTemplate {
  if (!template.startsWith('/')) throw new TypeError(`"${template}" must start with "/"`)
  const start = template.indexOf('?')
  const path = compilePart(template, start < 0 ? template : template.slice(0, start))
  const parameters = (start < 0 ? [] : template.slice(start + 1).split('&')).map((parameter) => {
    const [name = '', value = ''] = parameter.split(/=(.*)/s)
    if (!name) throw new TypeError(`"${template}" has a parameter without a name`)
    return { name: name.toLowerCase(), match: compilePart(template, value) }
  })
  assertOnce(template)

  return (target) => {
    const found = new Map<string, string>()
    if (!path(target.path, found)) return
    if (parameters.length === 0) return found
    // With its question mark: a second one belongs to the first name, for whoever reads it strictly.
    const given = [...new URLSearchParams(`?${target.query}`)]
    for (const { name, match } of parameters) {
      // "layer[]" is another "layer" to some servers.
      const meant = given.filter(([key]) => key.toLowerCase().split('[')[0] === name)
      const [[key = '', value = ''] = []] = meant
      if (meant.length !== 1 || key.includes('[') || !match(value, found)) return
    }
    return found
  }
}

function compilePart(template: string, part: string) {
  const names: string[] = []
  const source = part.replace(/\{([^}]*)\}|[^{]+|\{/g, (text, name: string | undefined) => {
    if (name === undefined) return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    const pattern = Object.hasOwn(PLACEHOLDERS, name) ? PLACEHOLDERS[name] : undefined
    if (pattern === undefined) throw new TypeError(`"${template}" has an unknown {${name}}`)
    names.push(name)
    return pattern
  })
  const pattern = new RegExp(`^${source}$`)
  return (text: string, found: Map<string, string>): boolean => {
    const match = pattern.exec(text)
    if (!match) return false
    for (const [index, name] of names.entries()) found.set(name, match[index + 1] ?? '')
    return true
  }
}

// Twice the same placeholder would be two answers to one question.
function assertOnce(template: string): void {
  const names = [...template.matchAll(/\{(tileset|[zx]|-?y)\}/g)].map(([, name = '']) =>
    name.replace('-', ''),
  )
  if (new Set(names).size !== names.length)
    throw new TypeError(`"${template}" has a placeholder twice`)
  if (/\}\{(?!ratio\})/.test(template))
    throw new TypeError(`"${template}" must have text between two placeholders`)
}
