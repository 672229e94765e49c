import type { Hint } from './context.ts'

/** What to do about refusals of the administration, by their code. */
export type Remedies = Readonly<Record<string, string>>

/** What to do if an account to act on does not exist. */
export function describeUnknownAccount(name: string, hint: Hint): string {
  return `There is no account "${name}". "${hint('account list')}" shows the names.`
}

/** What to do if the owner of something new does not exist. */
export function describeMissingOwner(name: string, hint: Hint): string {
  return `There is no account "${name}". Create it with: ${hint('account create', name)}`
}

/** What to do if the owner of something new is disabled. */
export function describeDisabledOwner(name: string, hint: Hint): string {
  return `The account "${name}" is disabled. Use another account, or enable this one with: ${hint('account enable', name)}`
}

/** What to do if an API token to act on does not exist. */
export function describeUnknownToken(id: string, hint: Hint): string {
  return `There is no API token with the id "${id}". "${hint('token list')}" shows the ids.`
}
