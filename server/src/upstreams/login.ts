import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { UpstreamInvalidError, UpstreamRefusedError, UpstreamUnavailableError } from './errors.ts'
import { type Secret, secretSchema } from './secret.ts'
import type { Send } from './send.ts'
import { assertBearer } from './token-type.ts'
import type { Upstream, UpstreamAnswer } from './upstream.ts'
import { timeoutSeconds, upstreamUrl } from './url.ts'
import { withinTime } from './within-time.ts'

/** An API with user name and password that answers with a token and a refresh token. */
export const loginSchema = z.strictObject({
  kind: z.literal('login'),
  url: upstreamUrl,
  /** As it is, or from where secrets come. */
  username: z.union([z.string().min(1), secretSchema], {
    error: 'must be a name, { "env": "NAME" }, { "file": "path" } or, in code, a function',
  }),
  password: secretSchema,
  timeoutSeconds,
})

interface Family {
  readonly refreshToken: string
  /** Of the name and password that it began with. */
  readonly version: number
  /** Names the next refresh, so that its answer can be asked for again when it got lost. */
  readonly attempt: string
}

/**
 * Signs in at `POST /token`, and after that spends each refresh token for the next one. One at a time
 * for all grants: a refresh token that is spent twice ends the session.
 */
export function createLoginUpstream(url: string, username: Secret, password: Secret): Upstream {
  let family: Family | undefined
  let last: Promise<unknown> = Promise.resolve()

  const ask = async (send: Send, json: object, attempt?: string): Promise<UpstreamAnswer> => {
    const version = username.version + password.version
    const headers = attempt === undefined ? {} : { 'idempotency-key': attempt }
    const answer = await send(`${url}/token`, { json, headers })
    const { refresh_token: refreshToken } = answer
    const refreshTokens = [refreshToken, family?.refreshToken]
    family =
      typeof refreshToken === 'string'
        ? { refreshToken, version, attempt: randomUUID() }
        : undefined
    assertBearer(answer.token_type)
    if (answer.token !== undefined && refreshTokens.includes(answer.token))
      throw new UpstreamInvalidError('answered a refresh token in place of a token')
    return { token: answer.token, expiresInSeconds: answer.expires_in }
  }

  const obtain = async (send: Send, signal: AbortSignal): Promise<UpstreamAnswer> => {
    const credentials = { username: await username.read(), password: await password.read() }
    if (signal.aborted) throw new UpstreamUnavailableError('no answer in time')
    if (family?.version === username.version + password.version) {
      try {
        return await ask(send, { refresh_token: family.refreshToken }, family.attempt)
      } catch (error) {
        if (!(error instanceof UpstreamRefusedError)) throw error
        family = undefined
      }
    }
    return ask(send, credentials)
  }

  return ({ signal }, send) => {
    const turn = last.then(() => {
      if (signal.aborted) throw new UpstreamUnavailableError('no answer in time')
      // The next one does not wait for what listens to no signal, such as a store of passwords.
      return withinTime(obtain(send, signal), signal)
    })
    last = turn.catch(() => undefined)
    return turn
  }
}
