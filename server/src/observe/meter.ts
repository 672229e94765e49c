import type { RouteName } from './route-name.ts'

/** What a broker counts and times. Labels are names from code or configuration: never what a client sent. */
export interface Meter {
  /** @param status HTTP status; `'aborted'` if the client left before its response was sent. */
  countRequest(route: RouteName, status: number | 'aborted', seconds: number): void
  /** @param code As in the log. */
  countRefusal(surface: string, code: string): void
  /** A token that was handed out: for a subject token, or for a grant of this kind. */
  countExchange(kind: ExchangeKind): void
  /** @param purpose What the token was presented for. */
  countToken(purpose: string, result: VerificationResult): void
  timeSigning(seconds: number): void
  /** @param outcome `'unavailable'` if the store was locked, full or unreachable. */
  timeQuery(operation: QueryOperation, outcome: QueryOutcome, seconds: number): void
  /** @param upstream Its name in the configuration. */
  countUpstream(upstream: string, result: UpstreamResult, seconds: number): void
}

export const EXCHANGE_KINDS = ['subject_token', 'issued', 'relayed'] as const
export type ExchangeKind = (typeof EXCHANGE_KINDS)[number]

/**
 * `remembered`: known from an earlier request, without waiting; `checked`: valid, after a check;
 * `refused`: invalid, expired or revoked; `failed`: could not be checked.
 */
export type VerificationResult = 'remembered' | 'checked' | 'refused' | 'failed'

/** `connect`: only failures, because a connection that there is takes no time. */
export type QueryOperation =
  | 'select'
  | 'insert'
  | 'update'
  | 'delete'
  | 'transaction'
  | 'connect'
  | 'other'

export const QUERY_FAILURES = ['unavailable', 'failed'] as const
export type QueryOutcome = 'ok' | (typeof QUERY_FAILURES)[number]

/**
 * `refused`: credential, scope or dataset; `unavailable`: no answer, or a failure; `invalid`: an answer
 * that must not be relayed; `skipped`: not asked, because of an earlier failure or a full queue.
 */
export type UpstreamResult = 'ok' | 'refused' | 'unavailable' | 'invalid' | 'skipped'
