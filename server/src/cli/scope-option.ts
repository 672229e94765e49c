import { findScopes } from '../issuer/scopes.ts'
import { CommandError } from './output.ts'

/**
 * Parses `--scope`.
 *
 * @param catalogue Every scope that a token of the format can have.
 * @throws {@link CommandError}
 */
export function parseScopeOption(given: string, catalogue: readonly string[]): readonly string[] {
  const scopes = findScopes(given)
  const known = `The scopes are: ${catalogue.join(' ')}`
  if (!scopes)
    throw new CommandError(
      `--scope must be scopes separated by single spaces (given: "${given}"). ${known}`,
      2,
    )
  const unknown = scopes.find((scope) => !catalogue.includes(scope))
  if (unknown !== undefined)
    throw new CommandError(`--scope has the unknown scope "${unknown}". ${known}`, 2)
  return scopes
}
