import { GuardError, readCredential } from '@tilepass/guard'
import type { Request } from 'express'
import { BrokerError } from '../../errors.ts'
import type { SubjectTokens } from '../../issuer/subject-tokens.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import { findApiToken } from '../../store/api-tokens.ts'
import type { Store } from '../../store/open.ts'
import type { Usage } from '../../usage/usage.ts'
import { NotAuthenticatedError } from './errors.ts'
import { readParameter } from './parameters.ts'

/** Who asks. */
export interface Caller {
  /** Name of the account. */
  readonly account: string
  readonly isReadOnly: boolean
}

/** Finds out who asks. */
export interface Callers {
  /**
   * The caller by `Authorization`, `X-Api-Key` or `?api_key=`, the first that is there; `undefined`
   * for an anonymous one.
   *
   * @throws {@link NotAuthenticatedError} for a credential that is not good: never anonymous then.
   */
  find(request: Request): Promise<Caller | undefined>
}

/** Creates the callers of this surface: sessions of login, and API tokens of the registry. */
export function createCallers(
  store: Store,
  subjectTokens: SubjectTokens,
  sessions: Sessions,
  usage: Usage,
): Callers {
  const findByApiToken = async (token: string): Promise<Caller> => {
    const { claims } = await subjectTokens.authenticate(token)
    const row = await findApiToken(store, claims.sub)
    if (!row) throw new NotAuthenticatedError()
    usage.record(claims, 'geolens')
    return { account: row.account, isReadOnly: row.read_only === 1 }
  }

  const findByBearer = async (token: string): Promise<Caller> => {
    try {
      const { account } = await sessions.authenticate(token)
      return { account: account.name, isReadOnly: false }
    } catch (error) {
      if (!isRefusal(error)) throw error
      return findByApiToken(token)
    }
  }

  return {
    find: async (request) => {
      try {
        if (request.headers.authorization !== undefined)
          return await findByBearer(readCredential(request, 'header'))
        const key = request.headers['x-api-key'] ?? readParameter(request, 'api_key')
        return key === undefined ? undefined : await findByApiToken(String(key))
      } catch (error) {
        if (isRefusal(error)) throw new NotAuthenticatedError()
        throw error
      }
    },
  }
}

function isRefusal(error: unknown): boolean {
  return (error instanceof BrokerError || error instanceof GuardError) && error.status < 500
}
