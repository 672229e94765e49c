import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose'
import type { Issuer } from './issuer.ts'
import { createMint } from './mint.ts'
import { findOwnPayload } from './own-jwt.ts'

/** Longest lifetime of a download token, in seconds: the most that its API allows. */
export const DOWNLOAD_SECONDS = 120

/** What a download token permits. */
export interface DownloadTicket {
  /** Id of the one dataset that it opens. */
  readonly dataset: string
  /** Who asked for it; `undefined` for an anonymous caller. */
  readonly maker: DownloadMaker | undefined
}

/** Who asks for a download token: it ends with them. */
export interface DownloadMaker {
  /** Name of the account. */
  readonly account: string
  readonly orgId: string
  /** Id of the API token, or of the family of the session. */
  readonly id: string
}

/** A new download token. */
export interface NewDownloadToken {
  readonly token: string
  readonly expiresInSeconds: number
}

/** Download tokens: one dataset, two minutes at most, GET and HEAD. */
export interface DownloadTokens {
  /**
   * Creates a token.
   *
   * @param notAfter When it must end at the latest, in seconds since 1970.
   * @returns `undefined` if that has passed.
   */
  create(ticket: DownloadTicket, notAfter?: number): Promise<NewDownloadToken | undefined>
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
  const { keys, revocations, now } = issuer
  const mint = createMint(issuer)
  let { jwks } = keys
  let keySet = createLocalJWKSet({ keys: [...jwks.keys] })
  const getKey: JWTVerifyGetKey = async (header, jws) => {
    if (keys.jwks !== jwks) {
      jwks = keys.jwks
      keySet = createLocalJWKSet({ keys: [...jwks.keys] })
    }
    return keySet(header, jws)
  }

  return {
    create: async ({ dataset, maker }, notAfter = Number.POSITIVE_INFINITY) => {
      const { account, orgId: org_id, id: parent } = maker ?? {}
      const who = maker ? { sub: `usr_${account}`, username: account, org_id, parent } : {}
      const iat = Math.floor(now() / 1000)
      const exp = Math.min(iat + DOWNLOAD_SECONDS, notAfter)
      if (exp <= iat) return
      const token = await mint({ ...who, typ: TYPE, scope: `dataset:${dataset}`, iat, exp })
      return { token, expiresInSeconds: exp - iat }
    },

    findTicket: async (token) => {
      await keys.refresh()
      const rules = { algorithms: keys.algorithms, headerMembers: ['alg', 'kid', 'typ'] }
      const payload = await findOwnPayload(token, getKey, rules, issuer)
      if (!payload) return
      const { typ, scope, sub, username, org_id: orgId, parent: id, exp, iat } = payload
      if (typ !== TYPE) return 'another kind of token'
      const dataset = typeof scope === 'string' ? SCOPE.exec(scope)?.[1] : undefined
      if (dataset === undefined || exp - iat > DOWNLOAD_SECONDS) return
      if (sub === undefined && username === undefined) return { dataset, maker: undefined }
      if (typeof username !== 'string' || sub !== `usr_${username}`) return
      if (typeof orgId !== 'string' || typeof id !== 'string') return
      const identity = { sub, parent: id, org_id: orgId, iat }
      if (await revocations.refuses(identity)) return
      return { dataset, maker: { account: username, orgId, id } }
    },
  }
}
