import { InvalidTokenError } from '../errors.ts'

/** The value that each claim must have, or a list of accepted values. */
export type RequiredClaims = Readonly<Record<string, string | number | boolean | readonly string[]>>

type Payload = Readonly<Record<string, unknown>>

/** @throws {@link InvalidTokenError} if a claim does not have its required value. */
export function assertRequiredClaims(payload: Payload, rules: RequiredClaims): void {
  for (const [name, required] of Object.entries(rules))
    if (!hasClaim(payload, name, required)) throw new InvalidTokenError(`claim ${name} mismatch`)
}

function hasClaim(payload: Payload, name: string, required: RequiredClaims[string]): boolean {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined
  if (typeof required !== 'object') return value === required
  return typeof value === 'string' && required.includes(value)
}
