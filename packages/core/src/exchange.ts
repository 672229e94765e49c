import type { AccessToken } from './access-token.ts'
import { elapsed, type Instant } from './clock.ts'
import { endpointError, TokenError } from './errors.ts'
import { parseTokenResponse } from './token-response.ts'
import type { RenewalReason, TokenSource } from './token-source.ts'
import { createWaitingRoom } from './waiting-room.ts'

/** An endpoint that has not answered after this long (ms) counts as unavailable. */
const EXCHANGE_TIMEOUT = 10_000

/** How one exchange ended. The result of an aborted exchange is the abort reason; the manager ignores it. */
export type Outcome = AccessToken | TokenError

/**
 * Asks the source once. Never rejects: an exception, a timeout, an abort and an invalid answer are results.
 *
 * @param abort Ends this exchange, even if the source ignores its signal.
 * @param departedAt Now; expiry counts from here.
 */
export function exchange(
  ask: Exclude<TokenSource, string | URL>,
  reason: RenewalReason,
  abort: AbortController,
  departedAt: Instant,
): Promise<Outcome> {
  const { signal } = abort
  const room = createWaitingRoom<AccessToken>()
  const answer = async () => {
    // The manager must know that an exchange is running before the source, which may call it.
    await undefined
    signal.throwIfAborted()
    const token = await parseTokenResponse(await ask({ reason, signal }), departedAt.wall)
    if (elapsed(departedAt) < token.expiresAt - departedAt.wall) return token
    throw endpointError('returned an expired token')
  }
  const waiting = room.wait(
    EXCHANGE_TIMEOUT,
    () =>
      abort.abort(endpointError(`did not answer within ${EXCHANGE_TIMEOUT / 1000} s`)) as undefined,
    signal,
  )
  answer().then(room.resolve, room.reject)
  return waiting.catch((cause) => {
    if (signal.aborted) return signal.reason
    if (cause instanceof TokenError) return cause
    return cause instanceof SyntaxError
      ? // Without the cause: the parser's message quotes the body, which may hold a token.
        endpointError('did not return JSON', 'ERR_TOKEN_RESPONSE_INVALID')
      : endpointError('is unreachable', undefined, { cause })
  })
}
