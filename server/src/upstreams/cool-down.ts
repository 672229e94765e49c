import { type UpstreamError, UpstreamRefusedError, UpstreamUnavailableError } from './errors.ts'

/**
 * Remembers failures of one upstream, so that the same request is not sent again at once: pages without
 * a token ask all the time. A failure counts only for the credential with which it happened.
 */
export interface CoolDown {
  /**
   * @param key What is requested.
   * @throws `UpstreamError` while a failure of this request, or the `Retry-After` of any, still counts.
   */
  assertOver(key: string): void
  /** @param version Version of the credential that was used. */
  remember(key: string, error: UpstreamError, version: number): void
  forget(key: string): void
  forgetAll(): void
  /** Did the upstream refuse the last request of some key, with the current credential? */
  isRefused(): boolean
}

/** How long a refused request, or one whose response was useless, is not repeated; ms. */
const REFUSED_FOR = 5_000
const USELESS_FOR = 1_000

interface Failure {
  readonly error: UpstreamError
  readonly version: number
  /** Epoch ms. */
  readonly from: number
  readonly until: number
}

/**
 * Creates the memory of one upstream's failures.
 *
 * @param readVersion Version of the current credential.
 */
export function createCoolDown(now: () => number, readVersion: () => number): CoolDown {
  const failures = new Map<string, Failure>()
  let pause: Failure | undefined

  // A failure from the future means that the clock was set back, which must not prolong the wait.
  const isInForce = (failure: Failure | undefined): failure is Failure => {
    const at = now()
    return (
      failure !== undefined &&
      at >= failure.from &&
      at < failure.until &&
      failure.version === readVersion()
    )
  }

  return {
    assertOver: (key) => {
      if (isInForce(pause))
        throw new UpstreamUnavailableError(
          'upstream sent Retry-After',
          (pause.until - now()) / 1000,
        )
      const failure = failures.get(key)
      if (isInForce(failure)) throw failure.error
    },
    remember: (key, error, version) => {
      const from = now()
      if (error instanceof UpstreamUnavailableError) {
        if (error.hasRetryAfter)
          pause = { error, version, from, until: from + error.retryAfterSeconds * 1000 }
        return
      }
      const duration = error instanceof UpstreamRefusedError ? REFUSED_FOR : USELESS_FOR
      failures.set(key, { error, version, from, until: from + duration })
    },
    forget: (key) => void failures.delete(key),
    forgetAll: () => {
      failures.clear()
      pause = undefined
    },
    isRefused: () => {
      const current = readVersion()
      return [...failures.values()].some(
        ({ error, version }) => error instanceof UpstreamRefusedError && version === current,
      )
    },
  }
}
