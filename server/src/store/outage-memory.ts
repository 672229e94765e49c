import { setTimeout as wait } from 'node:timers/promises'
import { isOutage } from './errors.ts'
import type { Store } from './open.ts'
import { RECENT, TILE_PATIENCE } from './watch.ts'

/** Most answers that are remembered; the oldest goes first. */
const MOST = 10_000

/**
 * Asks the store each time, and goes on with its last answer while the database is away or hangs: for as
 * long as the store allows it, and for tiles only. What was never answered is not guessed.
 *
 * @param ask Rejects with `StoreUnavailableError` during an outage.
 */
export function rememberForOutages<Answer>(
  { knownFor }: Pick<Store, 'knownFor'>,
  ask: (key: string) => Promise<Answer>,
): (key: string) => Promise<Answer> {
  if (knownFor === 0) return ask
  let isAway = false
  const answers = new Map<string, { readonly answer: Answer; readonly at: number }>()

  const askNow = async (key: string): Promise<Answer> => {
    // What the answer says was true when it was asked for, at the earliest.
    const at = performance.now()
    const answer = await ask(key).catch((error: unknown) => {
      isAway = isOutage(error)
      throw error
    })
    isAway = false
    // One that was asked for later may have been answered sooner.
    if ((answers.get(key)?.at ?? at) > at) return answer
    answers.delete(key)
    answers.set(key, { answer, at })
    const [oldest] = answers.size > MOST ? answers.keys() : []
    if (oldest !== undefined) answers.delete(oldest)
    return answer
  }

  // Until a query fails, nobody knows whether it is away or merely slow.
  const isGoodEnough = (at: number) =>
    performance.now() - at < (isAway ? knownFor : Math.min(RECENT, knownFor))

  return async (key) => {
    const known = answers.get(key)
    const asked = askNow(key)
    if (!known || performance.now() - known.at >= knownFor) return asked
    const late = new AbortController()
    const giveUp = async () => {
      await wait(TILE_PATIENCE, undefined, { signal: late.signal })
      return isGoodEnough(known.at) ? known.answer : asked
    }
    try {
      return await Promise.race([asked, giveUp()])
    } catch (error) {
      if (isOutage(error) && isGoodEnough(known.at)) return known.answer
      throw error
    } finally {
      late.abort()
      // Nobody may be left to hear why it failed.
      asked.catch(() => undefined)
    }
  }
}
