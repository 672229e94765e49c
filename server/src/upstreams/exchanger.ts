import type { Logger } from 'pino'
import type { Dispatcher } from 'undici'
import { checkAnswer, type RelayedToken } from './answer.ts'
import {
  UpstreamError,
  UpstreamInvalidError,
  UpstreamRefusedError,
  UpstreamUnavailableError,
} from './errors.ts'
import { type Policy, QueueFullError } from './policy.ts'
import type { Secret } from './secret.ts'
import { createSend } from './send.ts'
import type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstream.ts'

/** What one grant wants of its upstream. */
export interface Wanted extends Omit<UpstreamRequest, 'signal'> {
  /** Name of the grant. */
  readonly grant: string
}

/** A token with the state of the credential that it came from. */
export interface Exchanged {
  readonly token: RelayedToken
  readonly version: number
}

/** Asks one upstream: the credential, what it refused and when it wants to be left alone. */
export interface Exchanger {
  /** @throws {@link UpstreamError} */
  exchange(wanted: Wanted): Promise<Exchanged>
  /** Looks whether a file has brought another credential; changes when it has. */
  findVersion(): number
  /** Did it refuse the last request of some grant, with the credential that there is now? */
  readonly isRefused: boolean
  /** Reads the credential again, and asks again what was refused or put off. */
  reload(): Promise<void>
}

/** What an exchanger is made of. */
export interface ExchangerParts {
  /** Name of the upstream, for the log. */
  readonly name: string
  readonly upstream: Upstream
  /** Longest life of a token that its API gives, in seconds. */
  readonly maxSeconds: number | undefined
  readonly secrets: readonly Secret[]
  /** Those of them that no page may get: all but names of users. */
  readonly credentials: readonly Secret[]
  readonly policy: Policy
  readonly dispatcher: Dispatcher
  readonly logger: Logger
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * How long a request that was refused, or answered with something useless, is not sent again with the
 * same credential, in ms: pages that have no token ask all the time.
 */
const REFUSED_FOR = 5_000
const USELESS_FOR = 1_000

/** What counts for a while, and for one state of the credential. */
interface Term {
  readonly version: number
  /** Epoch ms. */
  readonly from: number
  readonly until: number
}

interface Verdict extends Term {
  readonly error: UpstreamError
}

/** Creates the exchanger of one upstream. */
export function createExchanger(parts: ExchangerParts): Exchanger {
  const { name, upstream, maxSeconds, secrets, credentials, policy, dispatcher, logger, now } =
    parts
  const verdicts = new Map<string, Verdict>()
  let isFull = false
  let pause: Term | undefined

  const sumVersions = () => secrets.reduce((sum, { version }) => sum + version, 0)
  const reloadSecrets = () => Promise.all(secrets.map((secret) => secret.reload()))

  const ask = async (
    wanted: Wanted,
    signal: AbortSignal,
    onVersion: (version: number) => void,
  ): Promise<Exchanged> => {
    await Promise.all(secrets.map((secret) => secret.read()))
    const version = sumVersions()
    onVersion(version)
    let date: number | undefined
    const send = createSend(dispatcher, signal, (found) => {
      date = found
    })
    const { grant, ...request } = wanted
    const departedAt = now()
    // A function of the user's own may throw before it waits, answer at once, or answer anything.
    const run = async (): Promise<UpstreamAnswer> => {
      const { token, expiresInSeconds, scope } = Object(
        await upstream({ ...request, signal }, send),
      )
      return { token, expiresInSeconds, scope }
    }
    const answer = await run().catch(toUpstreamError)
    const times = { departedAt, receivedAt: now(), date }
    const token = checkAnswer(answer, wanted, times, maxSeconds)
    assertNoSecret(token, credentials)
    return { token, version }
  }

  const attempt = async (...[wanted, signal, onVersion]: Parameters<typeof ask>) => {
    try {
      return await ask(wanted, signal, onVersion)
    } catch (error) {
      if (!(error instanceof UpstreamRefusedError)) throw error
      // The credential may have been replaced, and the old one revoked, since it was read.
      const before = sumVersions()
      await reloadSecrets()
      if (sumVersions() === before) throw error
      return ask(wanted, signal, onVersion)
    }
  }

  /** Not any more with another credential, nor when the clock was set back to before it began. */
  const isInForce = <T extends Term>(term: T | undefined): term is T => {
    const at = now()
    return (
      term !== undefined && at >= term.from && at < term.until && term.version === findVersion()
    )
  }

  const assertAllowed = (key: string) => {
    if (isInForce(pause))
      throw new UpstreamUnavailableError('asked to be left alone', (pause.until - now()) / 1000)
    const verdict = verdicts.get(key)
    if (isInForce(verdict)) throw verdict.error
  }

  const startTerm = (version: number, length: number): Term => {
    const from = now()
    return { version, from, until: from + length }
  }

  /** @param version Of the credential that it failed with. */
  const remember = (key: string, wanted: Wanted, error: UpstreamError, version: number) => {
    const { grant, dataset } = wanted
    const said = { upstream: name, grant, ...(dataset ? { dataset } : {}), reason: error.reason }
    if (error instanceof UpstreamUnavailableError) {
      if (error.isTold) pause = startTerm(version, error.retryAfterSeconds * 1000)
      logger.warn(said, 'an upstream gives no token')
      return
    }
    const time = error instanceof UpstreamRefusedError ? REFUSED_FOR : USELESS_FOR
    verdicts.set(key, { error, ...startTerm(version, time) })
    logger.error(said, 'an upstream gives no token')
  }

  const findVersion = () => {
    for (const secret of secrets) secret.look()
    return sumVersions()
  }

  return {
    exchange: async (wanted) => {
      const key = `${wanted.grant} ${wanted.dataset ?? ''}`
      assertAllowed(key)
      let isAsked = false
      let asked = sumVersions()
      try {
        const exchanged = await policy(key, (signal) => {
          isAsked = true
          return attempt(wanted, signal, (version) => {
            asked = version
          })
        })
        verdicts.delete(key)
        isFull = false
        return exchanged
      } catch (error) {
        // An open circuit is nothing new: what opened it has been logged.
        if (error instanceof QueueFullError && !isFull) {
          // One line until an exchange succeeds, and not one for each page.
          isFull = true
          logger.warn({ upstream: name, reason: error.reason }, 'an upstream gives no token')
        }
        if (isAsked && error instanceof UpstreamError) remember(key, wanted, error, asked)
        throw error
      }
    },
    findVersion,
    get isRefused() {
      const version = findVersion()
      return [...verdicts.values()].some(
        (verdict) => verdict.error instanceof UpstreamRefusedError && verdict.version === version,
      )
    },
    reload: async () => {
      // Before anything that may take time: whoever asks for this wants it to count now.
      verdicts.clear()
      pause = undefined
      await reloadSecrets()
    },
  }
}

/**
 * A server, or a proxy before it, that repeats what it is sent must not hand it on to pages.
 *
 * @throws {@link UpstreamInvalidError}
 */
function assertNoSecret({ token, scope = '' }: RelayedToken, credentials: readonly Secret[]): void {
  const parts = [token, ...scope.split(' ')]
  // Each part of a JWT is base64, and may itself hold what HTTP Basic sends.
  const decoded = parts
    .flatMap((part) => part.split('.'))
    .map((part) => Buffer.from(part, 'base64url').toString('utf8'))
  const texts = [...parts, scope, ...decoded]
  if (credentials.some((secret) => texts.some((text) => secret.isIn(text))))
    throw new UpstreamInvalidError('answered the credential that it was sent')
}

/** What a function of the user's own throws may quote anything: only its kind is told. */
function toUpstreamError(error: unknown): never {
  if (error instanceof UpstreamError) throw error
  const kind = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : 'something'
  throw new UpstreamInvalidError(`its function threw ${kind}`)
}
