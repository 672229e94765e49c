import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { UpstreamInvalidError, UpstreamRefusedError, UpstreamTimeoutError } from './errors.ts'
import type { UpstreamKind } from './kind.ts'
import type { Secret } from './secret.ts'
import { secretSchema } from './secret-source.ts'
import type { Send } from './send.ts'
import { timeoutSeconds } from './timeout.ts'
import { assertBearer } from './token-type.ts'
import type { Upstream, UpstreamAnswer } from './upstream.ts'
import { QUOTABLE_URL, upstreamUrl } from './url.ts'
import { withinTime } from './within-time.ts'

const schema = z.strictObject({
  kind: z.literal('login'),
  url: upstreamUrl.describe('Base URL of the API; the broker signs in at `/token` below it.'),
  username: z
    .union([z.string().min(1), secretSchema], {
      error: 'must be a name, { "env": "NAME" }, { "file": "path" } or, in code, a function',
    })
    .describe('The name itself, or where it is kept.'),
  password: secretSchema.describe('The password.'),
  timeoutSeconds,
})

/** An API with user name and password that returns a token and a refresh token. */
export const login: UpstreamKind<typeof schema, 'username' | 'password'> = {
  name: 'login',
  schema,
  secrets: { username: 'username', password: 'credential' },
  quotable: { url: QUOTABLE_URL },
  grantFields: {
    scope: { forbidden: 'has no scopes' },
    expiresInSeconds: { forbidden: 'sets the lifetime of its tokens itself' },
    datasets: { forbidden: 'has no datasets' },
  },
  open: ({ url }, { username, password }) => createLogin(`${url}/token`, username, password),
}

/** The session that the last refresh token continues. */
interface Family {
  readonly refreshToken: string
  /** Version of the user name and password with which it began. */
  readonly version: number
  /** Idempotency key of the next refresh: if its response is lost, the retry gets the same one. */
  readonly attempt: string
}

/**
 * Signs in once, and from then on spends each refresh token for the next one. One request at a time for
 * all grants: a refresh token that is spent twice ends the session.
 */
function createLogin(url: string, username: Secret, password: Secret): Upstream {
  let family: Family | undefined
  let last: Promise<unknown> = Promise.resolve()

  const request = async (send: Send, json: object, attempt?: string): Promise<UpstreamAnswer> => {
    const version = username.version + password.version
    const headers = attempt === undefined ? {} : { 'idempotency-key': attempt }
    const response = await send(url, { json, headers })
    const { token, refresh_token: refreshToken } = response
    const refreshTokens = [refreshToken, family?.refreshToken]
    family =
      typeof refreshToken === 'string'
        ? { refreshToken, version, attempt: randomUUID() }
        : undefined
    assertBearer(response.token_type)
    if (token !== undefined && refreshTokens.includes(token))
      throw new UpstreamInvalidError('response has a refresh token in place of the access token')
    return { token, expiresInSeconds: response.expires_in }
  }

  const obtain = async (send: Send, signal: AbortSignal): Promise<UpstreamAnswer> => {
    const credentials = { username: await username.read(), password: await password.read() }
    if (signal.aborted) throw new UpstreamTimeoutError()
    if (family?.version === username.version + password.version) {
      try {
        return await request(send, { refresh_token: family.refreshToken }, family.attempt)
      } catch (error) {
        if (!(error instanceof UpstreamRefusedError)) throw error
        family = undefined
      }
    }
    return request(send, credentials)
  }

  return ({ signal }, send) => {
    const turn = last.then(() => {
      const timeOut = () => {
        throw new UpstreamTimeoutError()
      }
      if (signal.aborted) return timeOut()
      // A secret store may ignore the signal; the next request must not wait for it.
      return withinTime(obtain(send, signal), signal, timeOut)
    })
    last = turn.catch(() => undefined)
    return turn
  }
}
