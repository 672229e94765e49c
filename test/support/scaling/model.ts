import { renewalLead } from '../../../packages/core/src/renewal.ts'

/** What the figures are computed from: the rows of the document's table of inputs, by their keys. */
export interface Inputs {
  /** Seconds that a page shows a map. */
  readonly visit: number
  /** Tiles that an open map requests, a second. */
  readonly tiles: number
  /** CPU time of requests to a broker and of checks in a tile server, in µs. */
  readonly pageToken: number
  readonly sharedToken: number
  readonly exchange: number
  readonly verify: number
  readonly guard: number
  /** CPU time of a signature and of its verification, in µs. */
  readonly signRS256: number
  readonly signES256: number
  readonly signEd25519: number
  readonly verifyRS256: number
  readonly verifyES256: number
  readonly verifyEd25519: number
  /** Bytes of a line of the log about a token. */
  readonly logLine: number
  /** Transactions a second that the database can write. */
  readonly writes: number
  /** Share of a core that is used when it counts as full, in percent. */
  readonly load: number
  /** Dollars for a core and an hour. */
  readonly price: number
}

/** The names of the inputs. */
export const INPUT_KEYS = [
  'visit',
  'tiles',
  'pageToken',
  'sharedToken',
  'exchange',
  'verify',
  'guard',
  'signRS256',
  'signES256',
  'signEd25519',
  'verifyRS256',
  'verifyES256',
  'verifyEd25519',
  'logLine',
  'writes',
  'load',
  'price',
] as const satisfies readonly (keyof Inputs)[]

const HOURS_A_MONTH = 730
const SECONDS_A_DAY = 86_400
/** How often a broker writes its counts, in s. */
export const FLUSH_SECONDS = 5

/** Seconds between two renewals of a page that has a token of its own, on average. */
export function renewalPeriod(lifetime: number): number {
  return lifetime - lead(lifetime)
}

/**
 * Seconds in which all pages of a shared grant renew: their tokens end together, at every half lifetime,
 * and only the jitter of the rule spreads them.
 */
export function sharedWindow(lifetime: number): number {
  // What a page gets lasts from its renewal, a lead before one boundary, to the next one.
  let held = lifetime / 2
  for (let step = 0; step < 50; step += 1) held = lifetime / 2 + lead(held)
  return (renewalLead(held * 1000, 1) - renewalLead(held * 1000, 0)) / 1000
}

const lead = (lifetime: number) => renewalLead(lifetime * 1000, 0.5) / 1000

/**
 * Tokens a second that open maps ask for: their first ones, as many maps are opened as closed, and
 * renewals. It is a little too high, because visits end that would have renewed.
 */
export function tokensPerSecond(maps: number, period: number, { visit }: Inputs): number {
  return maps / visit + maps / period
}

/** Cores that something costs that happens so often a second, in µs of CPU. */
export const cores = (perSecond: number, microseconds: number) => (perSecond * microseconds) / 1e6

/** Brokers of one core that serve so much, and never fewer than two. */
export function replicas(neededCores: number, { load }: Inputs): number {
  return Math.max(2, Math.ceil(neededCores / (load / 100)))
}

/** Dollars a month for so many cores. */
export const monthly = (count: number, { price }: Inputs) => count * HOURS_A_MONTH * price

/** Transactions a second in which so many brokers write what they have counted. */
export const writesOfCounts = (brokers: number) => brokers / FLUSH_SECONDS

/** Transactions a second of pages with sessions, which refresh when a visit begins and every hour. */
export const writesOfSessions = (maps: number, { visit }: Inputs) => maps / visit + maps / 3_600

/** Gigabytes of log a day. */
export const logPerDay = (tokens: number, { logLine }: Inputs) =>
  (tokens * logLine * SECONDS_A_DAY) / 1e9

/** Open maps that one broker can serve if each page has a token of its own. */
export function mapsPerBroker(lifetime: number, inputs: Inputs): number {
  const perMap = tokensPerSecond(1, renewalPeriod(lifetime), inputs)
  return inputs.load / 100 / cores(perMap, inputs.pageToken)
}

/** Open maps of a shared grant that one broker can serve while all of them renew. */
export function sharedMapsPerBroker(lifetime: number, inputs: Inputs): number {
  return (inputs.load / 100 / cores(1, inputs.sharedToken)) * sharedWindow(lifetime)
}

/** What a token costs with another algorithm, in µs, if a broker signs it and `guards` verify it once. */
export function tokenCost(
  algorithm: 'RS256' | 'ES256' | 'Ed25519',
  guards: number,
  inputs: Inputs,
): number {
  return inputs[`sign${algorithm}`] + guards * inputs[`verify${algorithm}`]
}
