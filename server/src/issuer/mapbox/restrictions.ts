import type { ApiToken } from '../../store/api-tokens.ts'

/** Restrictions that are stored for the client but cannot be checked here; an empty list is none. */
export interface Restrictions {
  readonly resources?: readonly string[]
  readonly allowedApplications?: readonly Application[]
}

/** A mobile application. */
export interface Application {
  readonly bundleId: string
  readonly platform: string
}

/** The restrictions of a token of the registry. */
export function readRestrictions({ restrictions }: Pick<ApiToken, 'restrictions'>): Restrictions {
  return restrictions === null ? {} : JSON.parse(restrictions)
}

/** JSON of the restrictions that are not empty; `null` if all are. */
export function formatRestrictions({
  resources = [],
  allowedApplications = [],
}: Restrictions): string | null {
  const kept = {
    ...(resources.length > 0 && { resources }),
    ...(allowedApplications.length > 0 && { allowedApplications }),
  }
  return Object.keys(kept).length === 0 ? null : JSON.stringify(kept)
}
