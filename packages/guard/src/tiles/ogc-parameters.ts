/** The parameters of a rule: those of its template with their values, and the names of optional ones. */
export interface RuleParameters {
  /** Values as in the template, by name in lower case. */
  readonly fixed: ReadonlyMap<string, string>
  /** In lower case. */
  readonly optional: ReadonlySet<string>
}

const TILE_NAMES = ['tilematrixset', 'tilematrix', 'tilerow', 'tilecol']
const LAYER_NAMES = ['layer', 'layers']
/** Parameters of common servers that select data. */
const SELECTORS = [...LAYER_NAMES, 'query_layers', 'map', 'sld', 'sld_body']
const SERVICES = /^(?:WMTS|WMS|WFS|WCS|TMS)$/i
/** Values for the example that a message shows. */
const EXAMPLES: Readonly<Record<string, string>> = {
  service: 'WMTS',
  request: 'GetTile',
  tilematrixset: 'WebMercatorQuad',
}

/** Is the rule for an OGC service (WMTS, WMS)? Such servers read names of parameters in any case. */
export function isOgcRule({ fixed, optional }: RuleParameters): boolean {
  const has = (name: string) => fixed.has(name) || optional.has(name)
  if (TILE_NAMES.some(has) || SERVICES.test(fixed.get('service') ?? '')) return true
  return has('request') && ['service', ...LAYER_NAMES].some(has)
}

/**
 * Finds what leaves a rule for an OGC service open, in words that follow the template; `undefined` if
 * there is nothing, or if the rule is for another kind of server.
 *
 * `request` decides what such a service answers with, and `tilematrixset` where on Earth a tile is. A
 * client that may choose them gets other data than the rule describes.
 *
 * @see OGC 07-057r7 (WMTS 1.0.0) §8.2
 */
export function findOpenParameter(
  template: string,
  { fixed, optional }: RuleParameters,
  isTile: boolean,
): string | undefined {
  if (!isOgcRule({ fixed, optional })) return
  const selector = SELECTORS.find((name) => optional.has(name))
  if (selector !== undefined)
    return `must not list "${selector}" as optional, because it selects the data`
  const has = (name: string) => fixed.has(name) || optional.has(name)
  const isWmts = TILE_NAMES.some(has) || fixed.get('service')?.toUpperCase() === 'WMTS'
  const needed = isWmts ? ['service', 'request', ...(isTile ? ['tilematrixset'] : [])] : ['request']
  const named = Object.keys(EXAMPLES).filter((name) => needed.includes(name) || has(name))
  const open = named.filter((name) => fixed.get(name)?.includes('{') ?? true)
  if (open.length === 0) return
  const list = open.map((name) => `"${name}"`).join(', ')
  return `must give the parameters ${list} one value each, for example "${addExamples(template, open)}"`
}

/** The template with a value for each of these names. */
function addExamples(template: string, names: readonly string[]): string {
  const [path = '', query = ''] = template.split(/\?(.*)/s)
  const kept = query.split('&').filter((pair) => {
    const [name = ''] = pair.split('=')
    return name !== '' && !names.includes(name.toLowerCase())
  })
  return `${path}?${[...names.map((name) => `${name}=${EXAMPLES[name]}`), ...kept].join('&')}`
}
