import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../support/repository.ts'

/** How many requirements of levels 1 and 2 each section of the standard has; they come first in each. */
const SECTIONS: Readonly<Record<string, number>> = {
  ...{ '4.1': 3, '4.2': 1, '4.3': 2, '4.4': 4 },
  ...{ '6.1': 3, '6.2': 12, '6.3': 4, '6.4': 4, '6.5': 5, '6.6': 3, '6.8': 4 },
  ...{ '7.1': 3, '7.2': 4, '7.3': 2, '7.4': 5, '7.5': 2, '7.6': 2 },
  ...{ '8.1': 2, '8.2': 3, '8.3': 1, '8.4': 1 },
  ...{ '9.1': 3, '9.2': 4 },
  ...{ '10.1': 2, '10.2': 2, '10.3': 4, '10.4': 11, '10.5': 5, '10.6': 2, '10.7': 3 },
  ...{ '13.1': 1, '13.2': 5, '13.3': 2, '13.4': 5 },
  ...{ '16.1': 1, '16.2': 5, '16.3': 4, '16.4': 3, '16.5': 3 },
}

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const rows = [
  ...read('docs/security/asvs.md').matchAll(/^\| (\d+\.\d+\.\d[^|]*?) \|(.*)\|$/gm),
].map(([, ids = '', cells = '']) => {
  const [level, requirement, state, reason = ''] = cells.split('|').map((cell) => cell.trim())
  return { ids, level, requirement, state, reason }
})

/** `4.4.2–4.4.4` and `4.3.1, 4.3.2` are several requirements. */
function expand(ids: string): string[] {
  return ids.split(', ').flatMap((part) => {
    const [from = '', to = from] = part.split('–')
    const section = from.slice(0, from.lastIndexOf('.'))
    const [first, last] = [from, to].map((id) => Number(id.slice(id.lastIndexOf('.') + 1)))
    return Array.from(
      { length: Number(last) - Number(first) + 1 },
      (_, index) => `${section}.${Number(first) + index}`,
    )
  })
}

test('the table of ASVS 5.0 has each requirement of levels 1 and 2 once, with a state', () => {
  const expected = Object.entries(SECTIONS).flatMap(([section, count]) =>
    expand(`${section}.1–${section}.${count}`),
  )
  expect(rows.flatMap(({ ids }) => expand(ids))).toEqual(expected)
  for (const row of rows)
    expect([row.ids, row.level, row.state, row.reason]).toEqual([
      row.ids,
      expect.stringMatching(/^[12]$/),
      expect.stringMatching(/^(?:met|not met|not ours)$/),
      expect.stringMatching(/./),
    ])
})

describe('the reasons in the table of ASVS', () => {
  test.each(rows.map(({ ids, reason }) => [ids, reason]))('%s exist: %s', (_, reason) => {
    for (const [, path = '', quotes = ''] of reason.matchAll(
      /`([\w./-]+\.(?:ts|md|svg))`[^`"]*?((?:,? ?"[^"]+")*)(?=[;.:,]|$)/g,
    )) {
      expect(existsSync(join(root, path)), path).toBe(true)
      for (const [, quote = ''] of quotes.matchAll(/"([^"]+)"/g))
        expect(read(path)).toContain(quote)
    }
    const promises = read('docs/security-promises.md')
    for (const [number] of reason.matchAll(/\b[TXCLGUPF]\d+\b/g))
      expect(promises).toContain(`**${number}**`)
  })
})
