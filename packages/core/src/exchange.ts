import type { AccessToken } from './access-token.ts'
import { elapsed, type Instant, instant } from './deadline.ts'
import { TokenError, type TokenErrorCode } from './errors.ts'
import { parseTokenResponse } from './token-response.ts'
import type { RenewalReason, TokenSource } from './token-source.ts'

/** A broker that has not answered after this long (ms) does not answer. */
const EXCHANGE_TIMEOUT = 10_000

/** How one exchange ended. The result of an aborted one is its reason, which nobody settles. */
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
  const timer = setTimeout(() => abort.abort(failure('did not answer in time')), EXCHANGE_TIMEOUT)
  const answer = async () => {
    // Not before the manager knows that an exchange runs: the source may call it.
    await undefined
    signal.throwIfAborted()
    const token = await parseTokenResponse(await ask({ reason, signal }), left.wall)
    if (elapsed(left, instant()) < token.expiresAt - left.wall) return token
    throw failure('answered with a token that had expired when it arrived')
  }
  const ended = new Promise<never>((_resolve, reject) => {
    signal.onabort = () => reject(signal.reason)
  })
  const result = await Promise.race([answer(), ended]).catch((cause) => {
    if (signal.aborted) return signal.reason
    if (cause instanceof TokenError) return cause
    return cause instanceof SyntaxError
      ? // Without its cause: the parser's message quotes the body, which may hold a token.
        failure('answered with a body that is not JSON', 'ERR_TOKEN_RESPONSE_INVALID')
      : failure('could not be reached', 'ERR_TOKEN_UNAVAILABLE', cause)
  })
  clearTimeout(timer)
  return { left, ended: instant(), result }
}

function failure(
  what: string,
  code: TokenErrorCode = 'ERR_TOKEN_UNAVAILABLE',
  cause?: unknown,
): TokenError {
  return new TokenError(code, `The token endpoint ${what}.`, { cause })
}
