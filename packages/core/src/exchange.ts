import type { AccessToken } from './access-token.ts'
import { type Instant, instant } from './deadline.ts'
import { TokenError } from './errors.ts'
import { parseTokenResponse } from './token-response.ts'
import type { RenewalReason, TokenSource } from './token-source.ts'

/** A broker that has not answered after this long (ms) does not answer. */
const EXCHANGE_TIMEOUT = 10_000

/** How one exchange ended. */
export interface Outcome {
  readonly left: Instant
  readonly ended: Instant
  readonly result: AccessToken | TokenError
}

/**
 * Asks the source once. It never rejects: a throw, a timeout, an abort and a wrong answer are results.
 *
 * @param abort Ends this exchange, even when the source ignores its signal.
 */
export async function exchange(
  ask: Exclude<TokenSource, string | URL>,
  reason: RenewalReason,
  abort: AbortController,
): Promise<Outcome> {
  const left = instant()
  const { signal } = abort
  const timer = setTimeout(() => abort.abort(), EXCHANGE_TIMEOUT)
  const ended = new Promise<never>((_resolve, reject) => {
    signal.onabort = () => reject(signal.reason)
  })
  const answer = async () => parseTokenResponse(await ask({ reason, signal }), left.wall)
  const result = await Promise.race([answer(), ended]).catch((cause) =>
    cause instanceof TokenError
      ? cause
      : new TokenError('ERR_TOKEN_UNAVAILABLE', 'The token endpoint could not be reached.', {
          cause,
        }),
  )
  clearTimeout(timer)
  return { left, ended: instant(), result }
}
