import { SignJWT } from 'jose'
import type { Issuer } from '../issuer/issuer.ts'
import { findOwnPayload, type OwnPayload } from '../issuer/own-jwt.ts'
import { watchSecretKeys } from '../issuer/secret-keys.ts'
import type { Store } from '../store/open.ts'

/** A refresh token: the family that its sign-in opened, and its place in the family. */
export interface RefreshTicket {
  readonly family: string
  readonly generation: number
}

/** Refresh tokens. Only this issuer verifies them, so they are signed with a shared secret (HS256). */
export interface RefreshTokens {
  /** The same ticket and times (epoch ms) give the same string, so that a retry gets the same answer. */
  create(ticket: RefreshTicket, issuedAt: number, expiresAt: number): Promise<string>
  /** The ticket of a token; `undefined` unless it is a current refresh token of ours. */
  findTicket(token: string): Promise<RefreshTicket | undefined>
}

const TYPE = 'refresh'

/** Creates the refresh tokens of an issuer. Their first key is created with the first token. */
export function createRefreshTokens(
  store: Store,
  { url, now }: Pick<Issuer, 'url' | 'now'>,
): RefreshTokens {
  const keys = watchSecretKeys(store, 'refresh', now)
  const getKeys = async (): Promise<readonly Uint8Array[]> => {
    await keys.refresh()
    return keys.all
  }
  const getNewest = async () => {
    const [newest] = await getKeys()
    if (!newest) throw new Error('The keys of refresh tokens have not been loaded')
    return newest
  }

  return {
    create: async ({ family, generation }, issuedAt, expiresAt) =>
      new SignJWT({ token_type: TYPE, family, generation })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(url)
        .setAudience(url)
        .setJti(`${family}.${generation}`)
        .setIssuedAt(Math.floor(issuedAt / 1000))
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .sign(await getNewest()),

    findTicket: async (token) => {
      const rules = { algorithms: ['HS256'], headerMembers: ['alg', 'typ'] }
      let payload: OwnPayload | undefined
      for (const key of await getKeys())
        payload ??= await findOwnPayload(token, () => key, rules, { url, now })
      if (payload?.token_type !== TYPE) return
      const { family, generation } = payload
      if (typeof family !== 'string' || typeof generation !== 'number') return
      return Number.isSafeInteger(generation) ? { family, generation } : undefined
    },
  }
}
