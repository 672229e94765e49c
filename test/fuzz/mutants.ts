import fc from 'fast-check'

/** Pieces that some parser treats specially. */
export const FRAGMENTS: readonly string[] = [
  ...' \t\r\n\0\u000b\u007f\u0085\u00a0\u2028\ufeff\u212a\u0131é😀\ud800'.split(/(?:)/u),
  ...'/\\.,:;&=+?#%@*$!~|"\'`<>(){}[]^-_0123456789aAzZ',
  ...['//', '..', './', '%00', '%0a', '%2e', '%2F', '%5c', '%25', '%3b', '%26', '%3D', '%C3%A9'],
  ...['%c0%af', '%ff', '%ED%A0%80', '%u0041', '&amp;', '[]', '[0]', '==', '::', '::ffff:', '0x'],
  ...['1e3', '-0', '00', '1.0', '9007199254740993', '9'.repeat(30), 'Infinity', 'NaN', '__proto__'],
  ...[
    'constructor',
    'null',
    'true',
    '{}',
    'e30',
    'eyJhIjoxfQ',
    'Bearer ',
    'https://',
    'a'.repeat(99),
  ],
]

const INTERESTING: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 0.5, 1e21, 2 ** 31, 2 ** 53, 1_800_000_000, [], {}, '', [[]]],
  JSON.parse('{"__proto__":{"a":1}}'),
]

interface Edit {
  readonly action: 'insert' | 'replace' | 'delete' | 'repeat' | 'splice' | 'fold'
  /** Which leaf, and which part of it; reduced modulo what there is. */
  readonly leaf: number
  readonly from: number
  readonly length: number
  readonly fragment: string
  readonly value: unknown
}

const edit: fc.Arbitrary<Edit> = fc.record({
  action: fc.constantFrom('insert', 'insert', 'replace', 'delete', 'repeat', 'splice', 'fold'),
  leaf: fc.nat(),
  from: fc.nat(),
  length: fc.integer({ min: 1, max: 8 }),
  fragment: fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ maxLength: 3, unit: 'binary' })),
  value: fc.constantFrom(...INTERESTING),
})

/** Inputs that differ in some places from one of these. */
export function mutantsOf(seeds: readonly unknown[], isAnyJson: boolean): fc.Arbitrary<unknown> {
  const seed = fc.constantFrom(...seeds)
  return fc
    .tuple(seed, seed, fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([first, other, edits]) =>
      edits.reduce((input, next) => apply(input, next, other, isAnyJson), first),
    )
}

/** One of the edges of a tree that lead to its leaves: how to read a leaf, and the tree with another. */
interface Leaf {
  readonly value: unknown
  readonly put: (value: unknown) => unknown
}

function apply(input: unknown, edit: Edit, other: unknown, isAnyJson: boolean): unknown {
  const { leaf: place, value } = edit
  const leaves = listLeaves(input, (changed) => changed, isAnyJson)
  const leaf = leaves[place % leaves.length]
  if (!leaf) return input
  if (isAnyJson && edit.action === 'replace' && edit.from % 2 === 0) return leaf.put(value)
  if (typeof leaf.value === 'number') return leaf.put(editNumber(leaf.value, edit))
  if (typeof leaf.value !== 'string') return isAnyJson ? leaf.put(value) : input
  const texts = listLeaves(other, String, false).filter(({ value }) => typeof value === 'string')
  return leaf.put(editText(leaf.value, edit, String(texts[place % texts.length]?.value ?? '')))
}

/** @param isAnyJson Do lists and objects count as leaves as well? */
function listLeaves(
  value: unknown,
  put: (value: unknown) => unknown,
  isAnyJson: boolean,
): readonly Leaf[] {
  if (typeof value !== 'object' || value === null) return [{ value, put }]
  const below = Object.entries(value).flatMap(([key, child]) => {
    const putChild = (changed: unknown) => put(withMember(value, key, changed))
    return listLeaves(child, putChild, isAnyJson)
  })
  return isAnyJson ? [...below, { value, put }] : below
}

function withMember(value: object, key: string, changed: unknown): unknown {
  if (Array.isArray(value))
    return value.map((kept, index) => (index === Number(key) ? changed : kept))
  return Object.fromEntries(
    Object.entries(value).map(([name, kept]) => [name, name === key ? changed : kept]),
  )
}

function editNumber(number: number, { action, from, length }: Edit): number {
  if (action === 'delete') return 0
  if (action === 'fold') return -number
  if (action === 'repeat') return number * 2 ** length
  return action === 'insert' ? number + (from % 2 ? length : -length) : (from % 1_000) / 4
}

function editText(text: string, { action, from, length, fragment }: Edit, other: string): string {
  const start = from % (text.length + 1)
  const end = Math.min(start + length, text.length)
  const [before, part, after] = [text.slice(0, start), text.slice(start, end), text.slice(end)]
  switch (action) {
    case 'insert':
      return before + fragment + part + after
    case 'replace':
      return before + fragment + after
    case 'delete':
      return before + after
    case 'repeat':
      return before + part.repeat(1 + (length % 4)) + part + after
    case 'splice':
      return before + other.slice(from % (other.length + 1))
    case 'fold':
      return (
        before + (part === part.toUpperCase() ? part.toLowerCase() : part.toUpperCase()) + after
      )
  }
}
