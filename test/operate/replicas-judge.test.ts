import { expect, test } from 'vitest'
import type { Answer } from '../support/replicas/answer.ts'
import { createEndings } from '../support/replicas/endings.ts'
import { createJournal } from '../support/replicas/journal.ts'
import { findReason, type SurfaceName, type Window } from '../support/replicas/surfaces.ts'

const WINDOWS: readonly Window[] = [
  { what: 'killed', from: 1_000, to: 2_000 },
  { what: 'database', from: 5_000, to: 9_000 },
]
const REFUSAL = { 'retry-after': '1', 'cache-control': 'no-store' }

function answer(status: number, askedAt: number, body: object = {}): Answer {
  const text = JSON.stringify(body)
  return { status, headers: new Headers(REFUSAL), text, askedAt, endedAt: askedAt + 10 }
}

test.each<[string, SurfaceName, Answer, Window['what'] | undefined]>([
  ['while it is away', '/map-token', answer(503, 6_000, { error: 'x' }), 'database'],
  ['long after', '/map-token', answer(503, 9_500, { error: 'x' }), undefined],
  ['in the form of another API', '/v1/places', answer(503, 6_000, { error: 'x' }), undefined],
  ['of tiles', 'TileServer tile (/verify)', answer(503, 6_000, { error: 'x' }), undefined],
  ['of a gateway', '/logout', answer(502, 6_000), undefined],
  ['of a change at an end', 'token created (/v1/admin)', answer(502, 1_500), 'killed'],
  ['of a change later', 'token created (/v1/admin)', answer(502, 2_500), undefined],
  ['of what nginx asks twice', '/map-token', answer(502, 1_500), undefined],
  ['that is none', '/logout', answer(0, 1_500), undefined],
  ['that is a fault', '/logout', answer(500, 6_000, { error: 'x', message: 'x' }), undefined],
])('an error %s counts as documented or not', (_, surface, given, expected) => {
  expect(findReason(surface, given, WINDOWS)).toBe(expected)
})

test('a refusal without "Retry-After" is wrong', () => {
  const given = answer(503, 6_000, { error: 'x' })
  given.headers.delete('retry-after')
  expect(findReason('/map-token', given, WINDOWS)).toBeUndefined()
})

test('a valid token that is refused is wrong at any time', () => {
  const journal = createJournal(0)
  const end = journal.open('database')
  expect(journal.note('/account', answer(401, performance.now()), [200])).toBe(false)
  end(0)
  expect(journal.judge().wrong).toHaveLength(1)
})

test('what a replica goes on accepting has its delay, and is wrong in the end', async () => {
  const journal = createJournal(0)
  const endings = createEndings(() => ['a', 'b'], journal)
  let count = 0
  endings.watch('a token', async (replica) => {
    count += replica === 'b' ? 1 : 0
    // The second replica refuses the third request, and accepts again after that.
    const isAccepted = replica === 'b' && count !== 3
    return answer(isAccepted ? 200 : 401, performance.now())
  })
  await endings.finish()
  expect(endings.delays().get('a token')?.[0]).toBeGreaterThan(0)
  expect(journal.judge().wrong).toEqual([expect.stringContaining('in the end 200')])
})
