import type { Logger } from 'pino'
import type { Meter, UpstreamResult } from '../observe/meter.ts'
import { parseAnswer, type RelayedToken } from './answer.ts'
import type { Connections } from './connections.ts'
import { createCoolDown } from './cool-down.ts'
import {
  UpstreamError,
  UpstreamInvalidError,
  UpstreamRefusedError,
  UpstreamUnavailableError,
} from './errors.ts'
import type { UpstreamSecrets } from './open-secrets.ts'
import { type Policy, QueueFullError } from './policy.ts'
import { createSend } from './send.ts'
import type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstream.ts'

/** A request for a token of a grant. */
export interface GrantRequest extends Omit<UpstreamRequest, 'signal'> {
  /** Name of the grant. */
  readonly grant: string
}

/** A token with the credential for which it was issued. */
export interface VersionedToken extends RelayedToken {
  readonly credentialVersion: number
}

/** `refused`: see `isRefused`; `failing`: the last request that was sent gave no usable answer. */
export type UpstreamState = (typeof UPSTREAM_STATES)[number]
export const UPSTREAM_STATES = ['ok', 'refused', 'failing'] as const

/** Requests tokens from one upstream. */
export interface UpstreamClient {
  /** Does every request need a grant? */
  readonly needsGrant: boolean
  /** @throws {@link UpstreamError} */
  requestToken(request: GrantRequest): Promise<VersionedToken>
  /** Version of the current credential; a file that has changed is read first. */
  readCredentialVersion(): number
  /** Did the upstream refuse the last request of some grant, with the current credential? */
  readonly isRefused: boolean
  readonly state: UpstreamState
  /** Reads the credential again, and forgets refusals and `Retry-After`. */
  reload(): Promise<void>
}

/** What {@link createUpstreamClient} needs. */
export interface UpstreamClientParts {
  /** Name of the upstream, for the log. */
  readonly name: string
  readonly upstream: Upstream
  readonly needsGrant: boolean
  /** Longest lifetime that the API gives a token, in seconds. */
  readonly maxLifetimeSeconds: number | undefined
  readonly secrets: UpstreamSecrets
  readonly policy: Policy
  readonly connections: Connections
  readonly logger: Logger
  readonly meter?: Meter | undefined
  /** Epoch ms. */
  readonly now: () => number
}

/** Creates the client of one upstream. */
export function createUpstreamClient(parts: UpstreamClientParts): UpstreamClient {
  const { name, upstream, needsGrant, maxLifetimeSeconds, secrets, policy } = parts
  const { connections, logger, meter, now } = parts
  const coolDown = createCoolDown(now, secrets.look)
  let isQueueFull = false
  let isFailing = false

  const askOnce = async (
    request: GrantRequest,
    signal: AbortSignal,
    onVersion: (version: number) => void,
  ): Promise<VersionedToken> => {
    await secrets.read()
    const credentialVersion = secrets.version
    onVersion(credentialVersion)
    let date: number | undefined
    const send = createSend(connections, signal, (found) => {
      date = found
    })
    const { grant: _, ...rest } = request
    const departedAt = now()
    const answer = await callUpstream(upstream, { ...rest, signal }, send)
    const times = { departedAt, receivedAt: now(), date }
    const token = parseAnswer(answer, request, times, maxLifetimeSeconds)
    secrets.assertNotEchoed(token)
    return { ...token, credentialVersion }
  }

  const ask = async (...[request, signal, onVersion]: Parameters<typeof askOnce>) => {
    try {
      return await askOnce(request, signal, onVersion)
    } catch (error) {
      if (!(error instanceof UpstreamRefusedError)) throw error
      // The credential may have been replaced and the old one revoked since it was read.
      const before = secrets.version
      await secrets.reload()
      if (secrets.version === before) throw error
      return askOnce(request, signal, onVersion)
    }
  }

  const report = ({ grant, dataset }: GrantRequest, error: UpstreamError) => {
    const details = { upstream: name, grant, ...(dataset ? { dataset } : {}), reason: error.reason }
    if (error instanceof UpstreamUnavailableError) logger.warn(details, FAILED)
    else logger.error(details, FAILED)
  }

  return {
    needsGrant,
    requestToken: async (request) => {
      const key = `${request.grant} ${request.dataset ?? ''}`
      const startedAt = performance.now()
      const count = (result: UpstreamResult) =>
        meter?.countUpstream(name, result, (performance.now() - startedAt) / 1000)
      let isAsked = false
      let usedVersion = secrets.version
      try {
        coolDown.assertOver(key)
        const token = await policy(key, (signal) => {
          isAsked = true
          return ask(request, signal, (version) => {
            usedVersion = version
          })
        })
        coolDown.forget(key)
        isQueueFull = false
        isFailing = false
        count('ok')
        return token
      } catch (error) {
        if (error instanceof QueueFullError && !isQueueFull) {
          // One line until the next success, not one for each page.
          isQueueFull = true
          logger.warn({ upstream: name, reason: error.reason }, FAILED)
        }
        // Not for an open circuit: the failures that opened it are in the log.
        count(isAsked ? toResult(error) : 'skipped')
        if (isAsked && error instanceof UpstreamError) {
          isFailing = true
          coolDown.remember(key, error, usedVersion)
          report(request, error)
        }
        throw error
      }
    },
    readCredentialVersion: secrets.look,
    get isRefused() {
      return coolDown.isRefused()
    },
    get state() {
      if (coolDown.isRefused()) return 'refused'
      return isFailing ? 'failing' : 'ok'
    },
    reload: async () => {
      // First, because reading may take time and the operator wants the next request to be sent.
      coolDown.forgetAll()
      await secrets.reload()
    },
  }
}

function toResult(error: unknown): UpstreamResult {
  if (error instanceof UpstreamRefusedError) return 'refused'
  return error instanceof UpstreamUnavailableError ? 'unavailable' : 'invalid'
}

/** Message of every log line about a request that failed. */
const FAILED = 'upstream gave no token'

/** A custom function may throw before it waits, answer at once, or return anything. */
async function callUpstream(
  upstream: Upstream,
  ...call: Parameters<Upstream>
): Promise<UpstreamAnswer> {
  try {
    const { token, expiresInSeconds, scope } = Object(await upstream(...call))
    return { token, expiresInSeconds, scope }
  } catch (error) {
    if (error instanceof UpstreamError) throw error
    // Its message may quote anything, so that only the name is logged.
    const name = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : 'an error'
    throw new UpstreamInvalidError(`upstream function threw ${name}`)
  }
}
