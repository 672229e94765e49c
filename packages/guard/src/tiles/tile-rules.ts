import type { CanonicalTarget } from './canonical-path.ts'
import type { TileResource } from './tile-permission.ts'
import { compileUrlTemplate, type Found } from './url-template.ts'

/**
 * What a path is: a tile (a bare template), a document without map data (TileJSON, style, glyphs,
 * sprites), or an archive of all tiles. `tileset` names it where the path does not.
 *
 * @see compileUrlTemplate for the templates.
 */
export type TileRule =
  | string
  | { readonly tile: string; readonly tileset?: string | undefined }
  | { readonly document: string; readonly tileset?: string | undefined }
  | { readonly archive: string; readonly tileset?: string | undefined }

/** Finds out what a request asks for; `undefined` if no rule says. */
export type FindTileResource = (target: CanonicalTarget) => TileResource | undefined

/**
 * Compiles rules; the first that fits counts.
 *
 * @throws `TypeError` for a rule that cannot work, naming it.
 */
export function compileTileRules(rules: TileRule | readonly TileRule[]): FindTileResource {
  const list = isList(rules) ? rules : [rules]
  if (list.length === 0) throw new TypeError('"tiles" must have a rule')
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
      '"tiles": a rule must be a template, or have one as tile, document or archive',
    )
  const fits = compileUrlTemplate(template)
  const isTile = template.includes('{z}') && template.includes('{x}') && /\{-?y\}/.test(template)
  if (kind === 'tile' && !isTile) throw new TypeError(`"${template}" must have {z}, {x} and {y}`)
  if (kind !== 'tile' && /\{(?:z|x|-?y)\}/.test(template))
    throw new TypeError(`"${template}" must not have {z}, {x} or {y}, being no tile`)
  if (kind === 'archive' && tileset === undefined && !template.includes('{tileset}'))
    throw new TypeError(`"${template}" must have {tileset}, or the rule a "tileset"`)
  return (target) => {
    const found = fits(target)
    if (!found) return
    const name = found.get('tileset') ?? tileset
    return kind === 'tile' ? readTile(found, name) : { kind, tileset: name }
  }
}

function readRule(rule: TileRule) {
  if (typeof rule === 'string') return { kind: 'tile', template: rule, tileset: undefined } as const
  const { tileset } = rule
  if ('tile' in rule) return { kind: 'tile', template: rule.tile, tileset } as const
  if ('document' in rule) return { kind: 'document', template: rule.document, tileset } as const
  return { kind: 'archive', template: rule.archive, tileset } as const
}

function readTile(found: Found, tileset: string | undefined): TileResource {
  const read = (name: string) => Number(found.get(name) ?? Number.NaN)
  const z = read('z')
  const y = found.has('-y') ? 2 ** z - 1 - read('-y') : read('y')
  return { kind: 'tile', tileset, z, x: read('x'), y }
}

function isList(rules: TileRule | readonly TileRule[]): rules is readonly TileRule[] {
  return Array.isArray(rules)
}
