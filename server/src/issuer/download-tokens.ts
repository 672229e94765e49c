import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import { isCanonicalJws } from './canonical-jws.ts'
import type { Issuer } from './issuer.ts'
import { createMint } from './mint.ts'

/** Lifetime of a download token, in seconds: the most that its API allows. */
export const DOWNLOAD_SECONDS = 120

/** What a download token permits. */
export interface DownloadTicket {
  /** Id of the one dataset that it opens. */
  readonly dataset: string
  /** Name of the account that asked for it; `undefined` for an anonymous caller. */
  readonly account: string | undefined
}

/** Download tokens: one dataset, two minutes, GET and HEAD. */
export interface DownloadTokens {
  create(ticket: DownloadTicket): Promise<string>
  /**
   * Verifies a token from a download URL: its ticket, or that it is a current token of another kind.
   * `undefined` for tokens that are not genuine or not current.
   */
  findTicket(token: string): Promise<DownloadTicket | 'another kind of token' | undefined>
}

const TYPE = 'download'
const SCOPE = /^dataset:([0-9a-f-]{36})$/

/** Creates the download tokens of an issuer. */
export function createDownloadTokens(issuer: Issuer): DownloadTokens {
  const { url, keys, now } = issuer
  const mint = createMint(issuer)
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
    create: ({ dataset, account }) => {
      const who = account === undefined ? {} : { sub: `usr_${account}`, username: account }
      const iat = Math.floor(now() / 1000)
      const exp = iat + DOWNLOAD_SECONDS
      return mint({ ...who, typ: TYPE, scope: `dataset:${dataset}`, iat, exp })
    },

    findTicket: async (token) => {
      if (!isCanonicalJws(token, ['alg', 'kid', 'typ'])) return
      const keySet = await getKeySet()
      try {
        const { payload } = await jwtVerify(token, keySet, {
          algorithms: [keys.algorithm],
          issuer: url,
          audience: url,
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
