import type { CanonicalTarget } from './canonical-path.ts'
import { findOpenParameter } from './ogc-parameters.ts'
import { isParameterName } from './query.ts'
import type { TileResource } from './tile-permission.ts'
import { compileUrlTemplate, type PlaceholderValues } from './url-template.ts'

/** What every rule may say besides its template. */
interface RuleDetails {
  /** Name of the tileset, where the URL does not contain it. */
  readonly tileset?: string | undefined
  /**
   * Names of query parameters that may be present besides those of the template, with any value. List
   * none that selects other data. By default there is none: a server may read even a parameter that its
   * URLs do not need.
   */
  readonly optional?: readonly string[] | undefined
}

/**
 * What the requests that match a template ask for: a tile (also a template alone), a document without
 * map data (TileJSON, style, glyphs, sprites), or an archive of all tiles.
 *
 * @see compileUrlTemplate for the templates.
 */
export type TileRule =
  | string
  | ({ readonly tile: string } & RuleDetails)
  | ({ readonly document: string } & RuleDetails)
  | ({ readonly archive: string } & RuleDetails)

/** Finds the resource that a request asks for; `undefined` if no rule matches. */
export type FindTileResource = (target: CanonicalTarget) => TileResource | undefined

/**
 * Compiles tile rules. The first rule that matches a request applies.
 *
 * @throws `TypeError` naming the invalid rule.
 */
export function compileTileRules(rules: TileRule | readonly TileRule[]): FindTileResource {
  if (!isList(rules)) return compileAt(rules, '"tiles"')
  if (rules.length === 0) throw new TypeError('"tiles" must contain at least one rule')
  const compiled = rules.map((rule, index) => compileAt(rule, `"tiles[${index}]"`))
  return (target) => {
    for (const find of compiled) {
      const resource = find(target)
      if (resource) return resource
    }
    return
  }
}

/** Finds what is wrong with a rule, in words that follow its name; `undefined` if nothing is. */
export function findTileRuleFault(rule: TileRule): string | undefined {
  try {
    compileRule(rule)
    return
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw error
  }
}

function compileAt(rule: TileRule, field: string): FindTileResource {
  try {
    return compileRule(rule)
  } catch (error) {
    throw error instanceof TypeError ? new TypeError(`${field}: ${error.message}`) : error
  }
}

function compileRule(rule: TileRule): FindTileResource {
  const { kind, template, tileset, optional } = readRule(rule)
  if (typeof template !== 'string')
    throw new TypeError(
      'each rule must be a template, or an object with a template as "tile", "document" or "archive"',
    )
  const { match, parameters } = compileUrlTemplate(template, optional)
  const isTile = template.includes('{z}') && template.includes('{x}') && /\{-?y\}/.test(template)
  if (kind === 'tile' && !isTile)
    throw new TypeError(`"${template}" must contain {z}, {x} and {y} (or {-y})`)
  if (kind !== 'tile' && /\{(?:z|x|-?y)\}/.test(template))
    throw new TypeError(`"${template}" must not contain {z}, {x} or {y}: it is not a tile rule`)
  if (kind === 'archive' && tileset === undefined && !template.includes('{tileset}'))
    throw new TypeError(`"${template}" must contain {tileset}, or the rule must have a "tileset"`)
  const fault = findOpenParameter(template, parameters, kind === 'tile')
  if (fault !== undefined) throw new TypeError(`"${template}" ${fault}`)
  return (target) => {
    const values = match(target)
    if (!values) return
    const name = values.get('tileset') ?? tileset
    return kind === 'tile' ? toTile(values, name) : { kind, tileset: name }
  }
}

function readRule(rule: TileRule) {
  if (typeof rule === 'string')
    return { kind: 'tile', template: rule, tileset: undefined, optional: [] } as const
  const { tileset, optional = [] } = rule
  if (!isNameList(optional))
    throw new TypeError(
      '"optional" must be a list of names of query parameters, of letters, digits, "_" and "-"',
    )
  const details = { tileset, optional }
  if ('tile' in rule) return { kind: 'tile', template: rule.tile, ...details } as const
  if ('document' in rule) return { kind: 'document', template: rule.document, ...details } as const
  return { kind: 'archive', template: rule.archive, ...details } as const
}

function isNameList(value: unknown): boolean {
  return (
    Array.isArray(value) && value.every((name) => typeof name === 'string' && isParameterName(name))
  )
}

function toTile(values: PlaceholderValues, tileset: string | undefined): TileResource {
  const read = (name: string) => Number(values.get(name) ?? Number.NaN)
  const z = read('z')
  const y = values.has('-y') ? 2 ** z - 1 - read('-y') : read('y')
  return { kind: 'tile', tileset, z, x: read('x'), y }
}

function isList(rules: TileRule | readonly TileRule[]): rules is readonly TileRule[] {
  return Array.isArray(rules)
}
