import { setTimeout as wait } from 'node:timers/promises'
import { type Answer, type Calls, createToken, requireBody } from './calls.ts'
import { keepAsking, timeUntil } from './load.ts'
import type { FaultContext } from './row.ts'

/** For how long tiles are served by what is known, in ms … */
const KNOWN_FOR = 10_000
/** … give or take how often the broker looks, and how long it waits for an answer. */
const MARGIN = 2_000

/** What happened while a database was away. */
export interface OutageFigures {
  /** Longest answer, in ms. */
  readonly slowest: number
  /** Changes that were neither made nor refused with 503. */
  readonly oddAnswers: number
  /** Changes refused with 503. */
  readonly refused: number
  /** Tiles that were refused although what is known still counted. */
  readonly tilesRefused: number
  /** Tiles that were served although it did not count any more. */
  readonly tilesServedLate: number
  /** From the end of the outage until everything is served again, in ms. */
  readonly recovery: number
}

/** An outage of a database. */
export interface Outage {
  begin(): Promise<unknown>
  end(): Promise<unknown>
  /** ms. */
  readonly lasts: number
}

/** Lets an outage happen while clients change, exchange and read tiles. */
export async function endure(calls: Calls, { begin, end, lasts }: Outage): Promise<OutageFigures> {
  const { token } = await createToken(calls)
  const { access_token: access } = await requireBody(calls.exchange(token))
  const changes: Answer[] = []
  const exchanges: Answer[] = []
  const tiles: Answer[] = []
  const load = keepAsking(3, async (client) => {
    if (client === 0) changes.push(await calls.createToken())
    if (client === 1) exchanges.push(await calls.exchange(token))
    if (client === 2) tiles.push(await calls.readTile(access))
    await wait(5)
  })
  await wait(300)
  const beganAt = performance.now()
  await begin()
  await wait(lasts)
  const endedAt = performance.now()
  await end()
  const isHealed = async () => {
    const made = await calls.createToken()
    const exchanged = await calls.exchange(token)
    return (
      made.status === 201 &&
      exchanged.status === 200 &&
      (await calls.readTile(access)).status === 200
    )
  }
  const recovery = await timeUntil(isHealed)
  await load.stop()
  // What was asked for shortly before the end may be answered after it.
  const during = tiles.filter(({ askedAt, took }) => askedAt >= beganAt && askedAt + took < endedAt)
  const age = ({ askedAt }: Answer) => askedAt - beganAt
  return {
    slowest: Math.max(...[...changes, ...exchanges, ...tiles].map(({ took }) => took)),
    oddAnswers: changes.filter(({ status }) => status !== 201 && status !== 503).length,
    refused: changes.filter(({ status }) => status === 503).length,
    tilesRefused: during.filter((tile) => age(tile) < KNOWN_FOR - MARGIN && tile.status !== 200)
      .length,
    tilesServedLate: during.filter((tile) => age(tile) > KNOWN_FOR + MARGIN && tile.status !== 503)
      .length,
    recovery,
  }
}

/**
 * Reports what happened while a database was away, as documented for every way in which it can be.
 *
 * @param recovery What the time until everything is served again is called.
 */
export function reportOutage(
  report: FaultContext['report'],
  figures: OutageFigures,
  recovery: string,
): void {
  report('changes refused', figures.refused, { atLeast: 1 })
  report('changes neither made nor refused with 503', figures.oddAnswers, { atMost: 0 })
  report('longest answer', figures.slowest, { atMost: 2_000, unit: 'ms' })
  report('tiles refused while what is known counts (10 s)', figures.tilesRefused, { atMost: 0 })
  report('tiles served after that', figures.tilesServedLate, { atMost: 0 })
  report(recovery, figures.recovery, { atMost: 5_000, unit: 'ms' })
}
