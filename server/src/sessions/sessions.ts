import { createHash, randomBytes } from 'node:crypto'
import { GuardError, type Verifier } from '@tilepass/guard'
import type { Sign } from '../issuer/sign.ts'
import { type Account, findActiveAccount } from '../store/accounts.ts'
import { endFamily, findFamily, openFamily, rotateFamily } from '../store/login-families.ts'
import type { Store } from '../store/open.ts'
import type { SignIn } from '../store/sign-ins.ts'
import { InvalidRefreshTokenError, InvalidSessionError } from './errors.ts'
import type { RefreshTicket, RefreshTokens } from './refresh-tokens.ts'

/** What a sign-in or a refresh hands out. */
export interface SessionTokens {
  /** The session token. */
  readonly token: string
  readonly refreshToken: string
  /** Seconds that the session token is good for. */
  readonly expiresInSeconds: number
  /** When the last refresh token of the family ends, in epoch ms. */
  readonly familyExpiresAt: number
}

/** A session that was accepted. */
export interface Session {
  readonly account: Account
  readonly family: string
}

/** Sessions, each a family of refresh tokens. */
export interface Sessions {
  /** Begins a family; `undefined` if the password was changed since it was checked. */
  open(signIn: SignIn): Promise<SessionTokens | undefined>
  /**
   * Spends a refresh token for the next one. One caller wins. Whoever presents a spent token ends
   * the family, but for a few seconds after the rotation, when it is refused and no more; and the
   * client that proves with the same key that it asks again gets the same answer again.
   *
   * @param retryKey What the client calls this attempt (`Idempotency-Key`).
   * @throws {@link InvalidRefreshTokenError}
   * @see RFC 9700 §4.14.2
   */
  refresh(token: string, retryKey: string | undefined): Promise<SessionTokens>
  /** @throws {@link InvalidSessionError} unless it is a current session of an active account. */
  authenticate(token: string): Promise<Session>
  /** Ends a family. */
  end(family: string): Promise<void>
  /** Ends the family of a refresh token; one that is not ours changes nothing. */
  endByRefreshToken(token: string): Promise<void>
}

/** How long sessions last. */
export interface SessionRules {
  readonly sessionSeconds: number
  /** From the sign-in; refreshing does not prolong it. */
  readonly familySeconds: number
  /** How long after a rotation the spent token may turn up again. */
  readonly graceSeconds: number
}

/** Creates sessions. The family's row is read every time: no cache stands between it and a logout. */
export function createSessions(
  store: Store,
  verifier: Verifier,
  sign: Sign,
  refreshTokens: RefreshTokens,
  rules: SessionRules,
  now: () => number,
): Sessions {
  const hand = async (
    { name, orgId }: Account,
    ticket: RefreshTicket,
    rotatedAt: number,
    familyExpiresAt: number,
  ): Promise<SessionTokens> => {
    const iat = Math.floor(now() / 1000)
    const exp = Math.min(iat + rules.sessionSeconds, Math.floor(familyExpiresAt / 1000))
    const claims = {
      sub: `usr_${name}`,
      username: name,
      org_id: orgId,
      token_type: 'session',
      parent: ticket.family,
    }
    const [token, refreshToken] = await Promise.all([
      sign(claims, iat, exp),
      refreshTokens.sign(ticket, rotatedAt, familyExpiresAt),
    ])
    return { token, refreshToken, expiresInSeconds: exp - iat, familyExpiresAt }
  }

  const end = (family: string) => endFamily(store, family, now())

  return {
    open: async ({ account: name, passwordHash }) => {
      const account = await findActiveAccount(store, name)
      if (!account) return
      const id = `fam_${randomBytes(16).toString('hex')}`
      const openedAt = now()
      const expiresAt = openedAt + rules.familySeconds * 1000
      const family = {
        id,
        account: name,
        generation: 0,
        rotated_at: openedAt,
        retry_key: null,
        expires_at: expiresAt,
        ended_at: null,
      }
      if (!(await openFamily(store, family, passwordHash))) return
      return hand(account, { family: id, generation: 0 }, openedAt, expiresAt)
    },

    refresh: async (token, retryKey) => {
      const ticket = await refreshTokens.find(token)
      const family = ticket && (await findFamily(store, ticket.family))
      if (!family || family.ended_at !== null || family.expires_at - now() < 1000)
        throw new InvalidRefreshTokenError()
      const account = await findActiveAccount(store, family.account)
      if (!account) throw new InvalidRefreshTokenError()
      const retry = hashRetryKey(retryKey)
      const next = { family: family.id, generation: ticket.generation + 1 }
      const rotatedAt = now()
      if (await rotateFamily(store, { ...ticket, id: family.id }, retry, rotatedAt))
        return hand(account, next, rotatedAt, family.expires_at)

      const current = await findFamily(store, family.id)
      if (!current || current.ended_at !== null) throw new InvalidRefreshTokenError()
      const isLatest = current.generation === next.generation
      if (!isLatest || now() - current.rotated_at > rules.graceSeconds * 1000) {
        await end(family.id)
        throw new InvalidRefreshTokenError()
      }
      if (retry === null || retry !== current.retry_key) throw new InvalidRefreshTokenError()
      return hand(account, next, current.rotated_at, current.expires_at)
    },

    authenticate: async (token) => {
      const claims = await verifyOrRefuse(verifier, token)
      const family = await findFamily(store, claims.parent ?? '')
      if (!family || family.ended_at !== null || claims.sub !== `usr_${family.account}`)
        throw new InvalidSessionError()
      const account = await findActiveAccount(store, family.account)
      if (!account || account.orgId !== claims.org_id) throw new InvalidSessionError()
      return { account, family: family.id }
    },

    end,

    endByRefreshToken: async (token) => {
      const ticket = await refreshTokens.find(token)
      if (ticket) await end(ticket.family)
    },
  }
}

function hashRetryKey(key: string | undefined): string | null {
  return key === undefined ? null : createHash('sha256').update(key).digest('base64url')
}

async function verifyOrRefuse(verifier: Verifier, token: string) {
  try {
    return await verifier.verify(token)
  } catch (error) {
    if (error instanceof GuardError && error.status === 401) throw new InvalidSessionError()
    throw error
  }
}
