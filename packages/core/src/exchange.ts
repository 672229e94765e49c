import type { AccessToken } from './access-token.ts'
import { elapsed, type Instant, instant } from './deadline.ts'
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
  const late = new DOMException('No answer in time.', 'TimeoutError')
  const timer = setTimeout(() => abort.abort(late), EXCHANGE_TIMEOUT)
  const ended = new Promise<never>((_resolve, reject) => {
    signal.onabort = () => reject(signal.reason)
  })
  const answer = async () => {
    // Not before the manager knows that an exchange runs: the source may call it.
    await undefined
    signal.throwIfAborted()
    const token = await parseTokenResponse(await ask({ reason, signal }), left.wall)
    if (elapsed(left, instant()) < token.expiresAt - left.wall) return token
    throw new TokenError('ERR_TOKEN_UNAVAILABLE', 'The token had expired when it arrived.')
  }
  const result = await Promise.race([answer(), ended]).catch((cause) => {
    if (cause instanceof TokenError) return cause
    return cause instanceof SyntaxError
      ? // Without its cause: the parser's message quotes the body, which may hold a token.
        new TokenError(
          'ERR_TOKEN_RESPONSE_INVALID',
          'The token endpoint answered with a body that is not JSON.',
        )
      : new TokenError('ERR_TOKEN_UNAVAILABLE', 'The token endpoint could not be reached.', {
          cause,
        })
  })
  clearTimeout(timer)
  return { left, ended: instant(), result }
}
