import type { Logger } from 'pino'
import type { Dispatcher } from 'undici'
import { checkAnswer, type RelayedToken } from './answer.ts'
import {
  UpstreamError,
  UpstreamInvalidError,
  UpstreamRefusedError,
  UpstreamUnavailableError,
} from './errors.ts'
import type { Policy } from './policy.ts'
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

interface Verdict {
  readonly error: UpstreamError
  readonly version: number
  readonly until: number
}

/** Creates the exchanger of one upstream. */
export function createExchanger(parts: ExchangerParts): Exchanger {
  const { name, upstream, maxSeconds, secrets, credentials, policy, dispatcher, logger, now } =
    parts
  const verdicts = new Map<string, Verdict>()
  let pausedUntil = 0

  const sumVersions = () => secrets.reduce((sum, { version }) => sum + version, 0)
  const reloadSecrets = () => Promise.all(secrets.map((secret) => secret.reload()))

  const ask = async (wanted: Wanted, signal: AbortSignal): Promise<Exchanged> => {
    await Promise.all(secrets.map((secret) => secret.read()))
    const version = sumVersions()
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

  const attempt = async (wanted: Wanted, signal: AbortSignal): Promise<Exchanged> => {
    try {
      return await ask(wanted, signal)
    } catch (error) {
      if (!(error instanceof UpstreamRefusedError)) throw error
      // The credential may have been replaced, and the old one revoked, since it was read.
      const before = sumVersions()
      await reloadSecrets()
      if (sumVersions() === before) throw error
      return ask(wanted, signal)
    }
  }

  const assertAllowed = (key: string) => {
    const left = pausedUntil - now()
    if (left > 0) throw new UpstreamUnavailableError('asked to be left alone', left / 1000)
    const verdict = verdicts.get(key)
    if (verdict && verdict.until > now() && verdict.version === findVersion()) throw verdict.error
  }

  const remember = (key: string, wanted: Wanted, error: UpstreamError) => {
    const { grant, dataset } = wanted
    const said = { upstream: name, grant, ...(dataset ? { dataset } : {}), reason: error.reason }
    if (error instanceof UpstreamUnavailableError) {
      if (error.isTold) pausedUntil = now() + error.retryAfterSeconds * 1000
      logger.warn(said, 'an upstream gives no token')
      return
    }
    const time = error instanceof UpstreamRefusedError ? REFUSED_FOR : USELESS_FOR
    verdicts.set(key, { error, version: sumVersions(), until: now() + time })
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
      try {
        const exchanged = await policy(key, (signal) => {
          isAsked = true
          return attempt(wanted, signal)
        })
        verdicts.delete(key)
        return exchanged
      } catch (error) {
        // An open circuit is nothing new: what opened it has been logged.
        if (isAsked && error instanceof UpstreamError) remember(key, wanted, error)
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
      await reloadSecrets()
      verdicts.clear()
      pausedUntil = 0
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
