import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import { isPlainForm } from './plain-form.ts'
import type { Sign } from './sign.ts'
import type { OwnTokens } from './verify.ts'

/** Lifetime of a download token, in seconds: its API's upper bound. */
export const DOWNLOAD_SECONDS = 120

/** What a download token says. */
export interface DownloadTicket {
  /** Id of the one dataset that it opens. */
  readonly dataset: string
  /** Name of the account that asked for it; absent for nobody in particular. */
  readonly account: string | undefined
}

/** What a token in a download URL turned out to be. */
export type FoundTicket = DownloadTicket | 'another kind of token' | undefined

/** Download tokens: one dataset, two minutes, GET and HEAD. */
export interface DownloadTokens {
  mint(ticket: DownloadTicket): Promise<string>
  /** `undefined` for what is not genuine or no longer current. */
  find(token: string): Promise<FoundTicket>
}

const TYPE = 'download'
const SCOPE = /^dataset:([0-9a-f-]{36})$/

/** Creates the download tokens of this issuer. */
export function createDownloadTokens(own: OwnTokens, sign: Sign): DownloadTokens {
  const { issuer, keys, now } = own
  let { jwks } = keys
  let keySet = createLocalJWKSet({ keys: [...jwks.keys] })
  const getKeySet = async () => {
    await keys.refresh()
    if (keys.jwks !== jwks) {
      jwks = keys.jwks
      keySet = createLocalJWKSet({ keys: [...jwks.keys] })
    }
    return keySet
  }

  return {
    mint: ({ dataset, account }) => {
      const who = account === undefined ? {} : { sub: `usr_${account}`, username: account }
      const iat = Math.floor(now() / 1000)
      const claims = { ...who, typ: TYPE, scope: `dataset:${dataset}` }
      return sign(claims, iat, iat + DOWNLOAD_SECONDS)
    },

    find: async (token) => {
      if (!isPlainForm(token, ['alg', 'kid', 'typ'])) return
      const keySet = await getKeySet()
      try {
        const { payload } = await jwtVerify(token, keySet, {
          algorithms: [keys.algorithm],
          issuer,
          audience: issuer,
          requiredClaims: ['exp', 'iat', 'jti'],
          currentDate: new Date(now()),
        })
        const { typ, scope, sub, username, exp = 0, iat = 0 } = payload
        if (typ !== TYPE) return 'another kind of token'
        const dataset = typeof scope === 'string' ? SCOPE.exec(scope)?.[1] : undefined
        if (dataset === undefined || exp - iat > DOWNLOAD_SECONDS) return
        if (sub === undefined && username === undefined) return { dataset, account: undefined }
        if (typeof username !== 'string' || sub !== `usr_${username}`) return
        return { dataset, account: username }
      } catch (error) {
        if (error instanceof errors.JOSEError) return
        throw error
      }
    },
  }
}
