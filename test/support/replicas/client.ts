import { setTimeout as wait } from 'node:timers/promises'
import { type Answer, type Ask, ask, readText, toInit } from './answer.ts'
import type { Endings, Probe } from './endings.ts'
import type { Journal } from './journal.ts'
import type { SurfaceName } from './surfaces.ts'

export const BROKER_TILE = '/v1/tiles/world/0/0/0.mvt'

/** What the actors of a load share. */
export interface Client {
  readonly journal: Journal
  readonly endings: Endings
  /** An API token that may administer. */
  readonly admin: string
  /** URLs of the replicas. */
  replicas(): readonly string[]
  isOver(): boolean
  /** Asks through nginx, once. @returns `undefined` if the answer is not good */
  once(
    surface: SurfaceName,
    path: string,
    request: Ask,
    good: readonly number[] | (() => readonly number[]),
  ): Promise<Answer | undefined>
  /**
   * Asks through nginx until the answer is good.
   *
   * @param afterLoss A status that is good as well once an answer got lost: it was done already.
   */
  until(
    surface: SurfaceName,
    path: string,
    request: Ask,
    good: readonly number[],
    afterLoss?: number,
  ): Promise<Answer | undefined>
}

const PAUSE = 300
/** A request is repeated for a minute at most. */
const MOST_REPEATS = 200

export function createClient(
  url: string,
  shared: Pick<Client, 'journal' | 'endings' | 'admin' | 'replicas' | 'isOver'>,
): Client {
  const once: Client['once'] = async (surface, path, request, good) => {
    const answer = await ask(`${url}${path}`, toInit(request))
    const statuses = typeof good === 'function' ? good() : good
    return shared.journal.note(surface, answer, statuses) ? answer : undefined
  }
  return {
    ...shared,
    once,
    until: async (surface, path, request, good, afterLoss) => {
      let statuses = good
      for (let count = 0; count < MOST_REPEATS; count++) {
        const answer = await ask(`${url}${path}`, toInit(request))
        if (shared.journal.note(surface, answer, statuses)) return answer
        // What was refused would be refused again.
        if (answer.status !== 0 && answer.status < 500) return
        if (afterLoss !== undefined) statuses = [...good, afterLoss]
        await wait(PAUSE)
      }
      shared.journal.wrong(`${surface} is not served any more`)
      return
    },
  }
}

/** Does something again and again, each time so many ms after the last, until the load is over. */
export async function every({ isOver }: Client, ms: number, act: () => Promise<void>) {
  while (!isOver()) {
    const startedAt = performance.now()
    await act()
    await wait(Math.max(0, ms - (performance.now() - startedAt)))
  }
}

/** Asks a replica for a tile with this token. */
export const probeTile =
  (token: string): Probe =>
  (replica) =>
    ask(`${replica}${BROKER_TILE}`, toInit({ bearer: token }))

/** Asks a replica as nginx does, for a tile of TileServer GL. */
export const probeVerify =
  (token: string): Probe =>
  async (replica) => {
    const headers = { 'x-original-uri': '/data/world/4/8/5.pbf', 'x-original-method': 'GET' }
    const answer = await ask(`${replica}/verify`, toInit({ bearer: token, headers }))
    // Gateways understand no other refusals than 401 and 403.
    return { ...answer, status: Number(answer.headers.get('x-tilepass-status') ?? answer.status) }
  }

/** Asks a replica for the account of a session. */
export const probeSession =
  (token: string): Probe =>
  (replica) =>
    ask(`${replica}/account`, toInit({ bearer: token }))

/** Asks a replica for a new session. */
export const probeRefresh =
  (token: string): Probe =>
  (replica) =>
    ask(`${replica}/token`, toInit({ json: { refresh_token: token } }))

/** The access token in an answer; `''` if there is none. */
export const accessTokenOf = (answer: Answer | undefined): string =>
  answer ? readText(answer, 'access_token') : ''
