import { expect, test } from 'vitest'
import { requireSealing } from '../../src/store/require-sealing.ts'
import { makeSealingKey } from '../support/sealing-keys.ts'

test('PostgreSQL requires a key, SQLite does not', () => {
  expect(() => requireSealing('postgres', [])).toThrow('must be set with PostgreSQL')
  requireSealing('postgres', [makeSealingKey(1)])
  requireSealing('sqlite', [])
})
