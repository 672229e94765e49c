import { createHash, randomBytes } from 'node:crypto'
import type { Sender } from '../http/sender.ts'
import type { Issuer } from '../issuer/issuer.ts'
import { createMint } from '../issuer/mint.ts'
import { createOwnVerifier, refuseAs } from '../issuer/verify.ts'
import { type Account, findActiveAccount } from '../store/accounts.ts'
import { audited, countAuditEntry } from '../store/audit.ts'
import { applyChange } from '../store/changes.ts'
import {
  endFamily,
  findFamily,
  type LoginFamily,
  openFamily,
  rotateFamily,
} from '../store/login-families.ts'
import type { Store } from '../store/open.ts'
import type { SignIn } from '../store/sign-ins.ts'
import { InvalidCredentialsError, InvalidRefreshTokenError, InvalidSessionError } from './errors.ts'
import { createRefreshTokens, type RefreshTicket } from './refresh-tokens.ts'

/** The tokens that a sign-in or a refresh returns. */
export interface SessionTokens {
  /** The session token. */
  readonly token: string
  readonly refreshToken: string
  /** Lifetime of the session token. */
  readonly expiresInSeconds: number
  /** When the last refresh token of the family expires, in epoch ms. */
  readonly familyExpiresAt: number
}

/** A session that was accepted. */
export interface Session {
  readonly account: Account
  readonly family: string
  /** Seconds since 1970. */
  readonly exp: number
}

/** Sessions, each with its family of refresh tokens. Sign-ins, refreshes and ends are audited. */
export interface Sessions {
  /** Opens a family. @throws `InvalidCredentialsError` if the password has changed since its check. */
  open(signIn: SignIn, sender: Sender): Promise<SessionTokens>
  /**
   * Exchanges a refresh token for the next one. Of several concurrent callers one wins. Reuse of a
   * spent token ends the family. Within a few seconds of the rotation it is only refused, and a client
   * that retries with the same key gets the same answer again.
   *
   * @param retryKey The client's name for this attempt (`Idempotency-Key`).
   * @throws {@link InvalidRefreshTokenError}
   * @see RFC 9700 §4.14.2
   */
  refresh(token: string, retryKey: string | undefined, sender: Sender): Promise<SessionTokens>
  /** @throws {@link InvalidSessionError} unless it is a current session of an active account. */
  authenticate(token: string): Promise<Session>
  /** Ends the family of a session at the wish of its user. */
  end(session: Session, sender: Sender): Promise<void>
  /**
   * Ends the family of a refresh token; a token that is not ours changes nothing.
   *
   * @param reason For the audit trail.
   */
  endByRefreshToken(token: string, sender: Sender, reason: 'logout' | 'new sign-in'): Promise<void>
}

/** How long sessions last. */
export interface SessionRules {
  readonly sessionSeconds: number
  /** Counted from the sign-in; refreshing does not prolong it. */
  readonly familySeconds: number
  /** How long after a rotation the spent token may be presented without ending the family. */
  readonly graceSeconds: number
}

type EndedFamily = Pick<LoginFamily, 'id' | 'account'>

interface Rotation {
  readonly retryKey: string | null
  readonly sender: Sender
  /** Epoch ms. */
  readonly at: number
}

/** Creates sessions. They read the row of the family every time, so that a logout counts at once. */
export function createSessions(store: Store, issuer: Issuer, rules: SessionRules): Sessions {
  const { now } = issuer
  const verifier = createOwnVerifier(issuer, 'session')
  const mint = createMint(issuer)
  const refreshTokens = createRefreshTokens(store, issuer)

  const createTokens = async (
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
      iat,
      exp,
    }
    const [token, refreshToken] = await Promise.all([
      mint(claims),
      refreshTokens.create(ticket, rotatedAt, familyExpiresAt),
    ])
    return { token, refreshToken, expiresInSeconds: exp - iat, familyExpiresAt }
  }

  const end = async (family: EndedFamily, detail: string, sender: Sender) => {
    const target = family.id
    const entry = { at: now(), actor: `usr_${family.account}`, action: 'session.end', target }
    try {
      await audited(store, { ...entry, detail, sender }, async (change) => {
        if (!(await endFamily(change, family.id, now()))) throw new EndedBeforeError()
      })
    } catch (error) {
      if (!(error instanceof EndedBeforeError)) throw error
    }
  }

  /** Advances a family, with an audit entry that counts the refreshes of a minute. */
  const rotate = (
    family: LoginFamily,
    ticket: RefreshTicket,
    { retryKey, sender, at }: Rotation,
  ): Promise<boolean> =>
    applyChange(store, async (change) => {
      const from = { id: family.id, generation: ticket.generation }
      if (!(await rotateFamily(change, from, retryKey, at))) return false
      const [actor, action] = [`usr_${family.account}`, 'session.refresh']
      await countAuditEntry(change, { at, actor, action, target: family.id, sender })
      return true
    })

  return {
    open: async ({ account: name, passwordHash }, sender) => {
      const account = await findActiveAccount(store, name)
      if (!account) throw new InvalidCredentialsError()
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
      const entry = { at: openedAt, actor: `usr_${name}`, action: 'session.open', target: id }
      await audited(store, { ...entry, sender }, async (change) => {
        if (!(await openFamily(change, family, passwordHash))) throw new InvalidCredentialsError()
      })
      return createTokens(account, { family: id, generation: 0 }, openedAt, expiresAt)
    },

    refresh: async (token, retryKey, sender) => {
      const ticket = await refreshTokens.findTicket(token)
      const family = ticket && (await findFamily(store, ticket.family))
      if (!family || family.ended_at !== null || family.expires_at - now() < 1000)
        throw new InvalidRefreshTokenError()
      const account = await findActiveAccount(store, family.account)
      if (!account) throw new InvalidRefreshTokenError()
      const retry = hashRetryKey(retryKey)
      const next = { family: family.id, generation: ticket.generation + 1 }
      const rotatedAt = now()
      if (await rotate(family, ticket, { retryKey: retry, sender, at: rotatedAt }))
        return createTokens(account, next, rotatedAt, family.expires_at)

      const current = await findFamily(store, family.id)
      if (!current || current.ended_at !== null) throw new InvalidRefreshTokenError()
      const isLatest = current.generation === next.generation
      if (!isLatest || now() - current.rotated_at > rules.graceSeconds * 1000) {
        await end(family, 'reuse of a spent refresh token', sender)
        throw new InvalidRefreshTokenError()
      }
      if (retry === null || retry !== current.retry_key) throw new InvalidRefreshTokenError()
      return createTokens(account, next, current.rotated_at, current.expires_at)
    },

    authenticate: async (token) => {
      const toError = (cause: Error) => new InvalidSessionError(undefined, { cause })
      const claims = await refuseAs(toError, () => verifier.verify(token))
      const family = await findFamily(store, claims.parent ?? '')
      if (!family || family.ended_at !== null || claims.sub !== `usr_${family.account}`)
        throw new InvalidSessionError()
      const account = await findActiveAccount(store, family.account)
      if (!account || account.orgId !== claims.org_id) throw new InvalidSessionError()
      return { account, family: family.id, exp: claims.exp }
    },

    end: ({ account, family }, sender) =>
      end({ id: family, account: account.name }, 'logout', sender),

    endByRefreshToken: async (token, sender, reason) => {
      const ticket = await refreshTokens.findTicket(token)
      const family = ticket && (await findFamily(store, ticket.family))
      if (family) await end(family, reason, sender)
    },
  }
}

/** Undoes the audit entry of an end that another request was faster with. */
class EndedBeforeError extends Error {}

function hashRetryKey(key: string | undefined): string | null {
  return key === undefined ? null : createHash('sha256').update(key).digest('base64url')
}
