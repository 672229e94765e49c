import type { AccessToken } from './access-token.ts'
import { type Instant, instant } from './deadline.ts'
import { TokenError } from './errors.ts'
import { parseTokenResponse } from './token-response.ts'
import type { RenewalReason, TokenSource } from './token-source.ts'

/** A broker that has not answered after this long (ms) does not answer. */
const EXCHANGE_TIMEOUT = 10_000

/** How one exchange ended. It never rejects. */
export interface Outcome {
  readonly left: Instant
  readonly ended: Instant
  readonly result: AccessToken | TokenError
}

/** Asks the source once. An abort, a timeout, a throw and a wrong answer all end as a {@link TokenError}. */
export async function exchange(
  ask: Exclude<TokenSource, string | URL>,
  reason: RenewalReason,
  aborted: AbortSignal,
): Promise<Outcome> {
  const left = instant()
  const abort = new AbortController()
  const stop = (cause: unknown) => abort.abort(cause)
  const timer = setTimeout(
    stop,
    EXCHANGE_TIMEOUT,
    new Error(`no answer within ${EXCHANGE_TIMEOUT / 1000} s`),
  )
  const onAbort = () => stop(aborted.reason)
  aborted.addEventListener('abort', onAbort)
  // A source may ignore the signal: the race ends all the same.
  const end = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason))
  })
  const answer = async () =>
    parseTokenResponse(await ask({ reason, signal: abort.signal }), left.wall)
  let result: AccessToken | TokenError
  try {
    result = await Promise.race([answer(), end])
  } catch (cause) {
    result =
      cause instanceof TokenError
        ? cause
        : new TokenError('ERR_TOKEN_UNAVAILABLE', 'The token endpoint could not be reached.', {
            cause,
          })
  } finally {
    clearTimeout(timer)
    aborted.removeEventListener('abort', onAbort)
  }
  return { left, ended: instant(), result }
}
