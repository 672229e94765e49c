import type { CanonicalTarget } from './canonical-path.ts'
import type { TileResource } from './tile-permission.ts'
import { compileUrlTemplate, type PlaceholderValues } from './url-template.ts'

/**
 * What the requests that match a template ask for: a tile (also a template alone), a document without
 * map data (TileJSON, style, glyphs, sprites), or an archive of all tiles. `tileset` is its name where
 * the URL does not contain it.
 *
 * @see compileUrlTemplate for the templates.
 */
export type TileRule =
  | string
  | { readonly tile: string; readonly tileset?: string | undefined }
  | { readonly document: string; readonly tileset?: string | undefined }
  | { readonly archive: string; readonly tileset?: string | undefined }

/** Finds the resource that a request asks for; `undefined` if no rule matches. */
export type FindTileResource = (target: CanonicalTarget) => TileResource | undefined

/**
 * Compiles tile rules. The first rule that matches a request applies.
 *
 * @throws `TypeError` naming the invalid rule.
 */
export function compileTileRules(rules: TileRule | readonly TileRule[]): FindTileResource {
  const list = isList(rules) ? rules : [rules]
  if (list.length === 0) throw new TypeError('"tiles" must contain at least one rule')
  const compiled = list.map(compileRule)
  return (target) => {
    for (const find of compiled) {
      const resource = find(target)
      if (resource) return resource
    }
    return
  }
}

function compileRule(rule: TileRule): FindTileResource {
  const { kind, template, tileset } = readRule(rule)
  if (typeof template !== 'string')
    throw new TypeError(
      '"tiles": each rule must be a template, or an object with a template as "tile", "document" or "archive"',
    )
  const match = compileUrlTemplate(template)
  const isTile = template.includes('{z}') && template.includes('{x}') && /\{-?y\}/.test(template)
  if (kind === 'tile' && !isTile)
    throw new TypeError(`"${template}" must contain {z}, {x} and {y} (or {-y})`)
  if (kind !== 'tile' && /\{(?:z|x|-?y)\}/.test(template))
    throw new TypeError(`"${template}" must not contain {z}, {x} or {y}: it is not a tile rule`)
  if (kind === 'archive' && tileset === undefined && !template.includes('{tileset}'))
    throw new TypeError(`"${template}" must contain {tileset}, or the rule must have a "tileset"`)
  return (target) => {
    const values = match(target)
    if (!values) return
    const name = values.get('tileset') ?? tileset
    return kind === 'tile' ? toTile(values, name) : { kind, tileset: name }
  }
}

function readRule(rule: TileRule) {
  if (typeof rule === 'string') return { kind: 'tile', template: rule, tileset: undefined } as const
  const { tileset } = rule
  if ('tile' in rule) return { kind: 'tile', template: rule.tile, tileset } as const
  if ('document' in rule) return { kind: 'document', template: rule.document, tileset } as const
  return { kind: 'archive', template: rule.archive, tileset } as const
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
