/** Parts of paths that servers normalize in different ways. */
const DOTS = ['..', '.', '%2e%2e', '%2E%2E', '.%2e', '%2e', '..;', '...', '%252e%252e', '..%00']
const SLASHES = ['//', '/./', '/%2e/', '%2f', '%2F', '%5c', '\\', '/;/', '%252f', '/\\', '/%00/']
const ENDS = [
  '.',
  '..',
  '/',
  '//',
  '/.',
  '/..',
  '%00',
  '%00.json',
  ';',
  ';a=b',
  '%20',
  '%0a',
  '#',
  '#a',
]

/**
 * Lists odd spellings of `/data/{tileset}/{z}/{x}/{y}.pbf`: every known trick that makes a proxy and the
 * server behind it read a path differently, and a few spellings that are merely unusual.
 *
 * @param open A tileset that may be read, to start a path with.
 */
export function listOddPaths(open: string, tileset: string, tile: string): string[] {
  const path = `/data/${tileset}/${tile}`
  const segments = path.slice(1).split('/')
  const join = (at: number, separator: string) =>
    `/${segments.slice(0, at).join('/')}${separator}${segments.slice(at).join('/')}`
  const toEscapes = (text: string, upper: boolean) => {
    const hex = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
    return upper ? hex.join('').toUpperCase() : hex.join('')
  }
  const [name = '', ...numbers] = segments.slice(1)
  const found = new Set<string>()
  for (const separator of SLASHES)
    for (let at = 1; at < segments.length; at++) found.add(join(at, separator))
  for (const separator of SLASHES) found.add(separator + segments.join('/'))
  for (const dots of DOTS) {
    found.add(`/data/${open}/${dots}/${tileset}/${tile}`)
    found.add(`/data/${open}/4/8/5.pbf/${dots}/${dots}/${dots}/${dots}/${tileset}/${tile}`)
    found.add(`/x/${dots}${path}`)
    found.add(`/${dots}${path}`)
    found.add(`${path}/${dots}`)
    found.add(`/data/${open}%2f${dots}%2f${tileset}/${tile}`)
    found.add(`/data/${open}/${dots}%2f${tileset}/${tile}`)
  }
  for (const end of ENDS) {
    found.add(`${path}${end}`)
    found.add(`/data/${tileset}${end}/${tile}`)
    found.add(`/data/${open}${end}/../${tileset}/${tile}`)
    found.add(`/data${end}/${tileset}/${tile}`)
    for (let at = 0; at < numbers.length; at++)
      found.add(`/data/${[name, ...replaceAt(numbers, at, `${numbers[at]}${end}`)].join('/')}`)
  }
  for (let at = 0; at < segments.length; at++)
    for (const upper of [false, true]) {
      const whole = replaceAt(segments, at, toEscapes(segments[at] ?? '', upper))
      found.add(`/${whole.join('/')}`)
      const [first = '', ...rest] = segments[at] ?? ''
      found.add(`/${replaceAt(segments, at, toEscapes(first, upper) + rest.join('')).join('/')}`)
      found.add(
        `/${replaceAt(segments, at, toEscapes(toEscapes(first, upper), upper) + rest.join('')).join('/')}`,
      )
      found.add(`/${replaceAt(segments, at, (segments[at] ?? '').toUpperCase()).join('/')}`)
    }
  for (const odd of [
    '0',
    '00',
    '+',
    '-',
    ' ',
    '%20',
    '0x',
    '1e',
    '٣',
    '%D9%A3',
    '.',
    ',',
    '%2b',
    '_',
  ])
    for (let at = 0; at < numbers.length; at++)
      found.add(`/data/${[name, ...replaceAt(numbers, at, `${odd}${numbers[at]}`)].join('/')}`)
  for (const target of [
    `http://host${path}`,
    `//host${path}`,
    `/?${path}`,
    `/#${path}`,
    `*${path}`,
  ])
    found.add(target)
  for (const query of [
    '?',
    '?x=/../',
    `?/data/${open}/0/0/0.pbf`,
    '?a#b',
    '#?a',
    '%3f',
    '%3fa=b',
    ';?a',
  ])
    found.add(`${path}${query}`)
  for (const overlong of [
    '%c0%af',
    '%e0%80%af',
    '%c0%ae%c0%ae',
    '%ff',
    '%uff0f',
    '%',
    '%2',
    '%zz',
    '／',
  ])
    for (let at = 1; at < segments.length; at++)
      found.add(join(at, `/${overlong}/`)).add(join(at, overlong))
  // One escaped character, at every position.
  for (let at = 1; at < path.length; at++)
    for (const upper of [false, true])
      found.add(path.slice(0, at) + toEscapes(path.charAt(at), upper) + path.slice(at + 1))
  // The same with double escapes.
  for (let at = 1; at < path.length; at++) {
    const twice = toEscapes(path.charAt(at), false).replace('%', '%25')
    found.add(path.slice(0, at) + twice + path.slice(at + 1))
    found.add(`/data/${open}/..${path.slice(0, at)}${twice}${path.slice(at + 1)}`)
  }
  // Two tricks combined.
  for (const separator of SLASHES)
    for (const dots of DOTS)
      found.add(`/data${separator}${open}${separator}${dots}/${tileset}/${tile}`)
  return [...found]
}

function replaceAt(list: readonly string[], at: number, value: string): readonly string[] {
  return list.map((entry, index) => (index === at ? value : entry))
}
