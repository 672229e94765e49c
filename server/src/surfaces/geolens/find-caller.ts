import { GuardError } from '@tilepass/guard'
import type { Request } from 'express'
import { BrokerError } from '../../errors.ts'
import { readBearer } from '../../http/bearer.ts'
import { findParameter, readQuery } from '../../http/query.ts'
import type { DownloadCaller } from '../../issuer/download-access.ts'
import { ReadOnlyTokenError } from '../../issuer/errors.ts'
import type { ApiTokenUse } from '../../issuer/read-only.ts'
import type { SubjectTokens } from '../../issuer/subject-tokens.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import { findApiToken } from '../../store/api-tokens.ts'
import type { Store } from '../../store/open.ts'
import type { Usage } from '../../usage/usage.ts'
import { NotAuthenticatedError, ReadOnlyKeyError } from './errors.ts'

/** The client of a request. */
export type Caller = DownloadCaller

/**
 * Finds the caller by the first of `Authorization`, `X-Api-Key` and `?api_key=` that is present;
 * `undefined` for an anonymous one.
 *
 * @throws {@link NotAuthenticatedError} for an invalid credential, which never counts as none;
 *   {@link ReadOnlyKeyError}
 */
export type FindCaller = (request: Request, use: ApiTokenUse) => Promise<Caller | undefined>

/** What authenticates callers. */
export interface FindCallerParts {
  readonly store: Store
  readonly subjectTokens: Pick<SubjectTokens, 'authenticate'>
  readonly sessions: Pick<Sessions, 'authenticate'>
  readonly usage: Pick<Usage, 'record'>
}

/** Creates the authentication of this surface: by a session, or by an API token of the registry. */
export function createFindCaller({
  store,
  subjectTokens,
  sessions,
  usage,
}: FindCallerParts): FindCaller {
  const authenticateApiToken = async (token: string, use: ApiTokenUse): Promise<Caller> => {
    const { claims } = await subjectTokens.authenticate(token, use)
    const { sub: id, org_id: orgId, exp } = claims
    const row = await findApiToken(store, id)
    if (!row || orgId === undefined) throw new NotAuthenticatedError()
    usage.record(claims, 'geolens')
    return { account: row.account, orgId, id, exp }
  }

  const authenticateBearer = async (token: string, use: ApiTokenUse): Promise<Caller> => {
    try {
      const { account, family: id, exp } = await sessions.authenticate(token)
      return { account: account.name, orgId: account.orgId, id, exp }
    } catch (error) {
      if (!isRefusal(error)) throw error
      return authenticateApiToken(token, use)
    }
  }

  return async (request, use) => {
    const unauthenticated = () => new NotAuthenticatedError()
    try {
      if (request.headers.authorization !== undefined)
        return await authenticateBearer(readBearer(request, unauthenticated), use)
      const key =
        request.headers['x-api-key'] ??
        findParameter(readQuery(request), 'api_key', unauthenticated)
      return key === undefined ? undefined : await authenticateApiToken(String(key), use)
    } catch (error) {
      if (error instanceof ReadOnlyTokenError) throw new ReadOnlyKeyError()
      if (isRefusal(error)) throw new NotAuthenticatedError()
      throw error
    }
  }
}

function isRefusal(error: unknown): boolean {
  return (error instanceof BrokerError || error instanceof GuardError) && error.status < 500
}
