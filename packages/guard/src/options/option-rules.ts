import { isRecord } from './is-record.ts'

/** The rule that one option must satisfy. */
export interface OptionRule {
  readonly isValid: (value: unknown) => boolean
  /** The rule in words that follow the option's name: `must be …`. */
  readonly rule: string
  /** Default `false`: `undefined` is valid. */
  readonly isRequired?: boolean
}

/** A rule for each option that an options object may have. */
export type OptionRules<Options> = Readonly<Record<keyof Options, OptionRule>>

/**
 * Checks the names and values of options. An unknown name is refused: otherwise a mistyped `scope`
 * would silently mean that no scope is checked.
 *
 * @param owner The function that takes the options, for messages.
 * @param path Where the options are nested, for example `issuers[0]`.
 * @throws `TypeError`, or `RangeError` for a number, naming the option and its rule; never its value.
 */
export function assertOptions(
  owner: string,
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
  path = '',
): void {
  if (!isRecord(options))
    throw new TypeError(`${path ? `"${path}"` : `options of ${owner}`} must be an object`)
  const toField = (name: string) => (path ? `"${path}.${name}"` : `"${name}"`)
  for (const name of Object.keys(options))
    if (!Object.hasOwn(rules, name))
      throw new TypeError(
        `${toField(name)} is not an option of ${owner}; expected one of: ${Object.keys(rules).join(', ')}`,
      )
  for (const [name, { isValid, rule, isRequired = false }] of Object.entries(rules)) {
    const value = options[name]
    if (value === undefined ? !isRequired : isValid(value)) continue
    const message = `${toField(name)} ${rule}`
    throw typeof value === 'number' ? new RangeError(message) : new TypeError(message)
  }
}

/** The value is a function. */
export const functionRule: OptionRule = {
  isValid: (value) => typeof value === 'function',
  rule: 'must be a function',
}

/** The value is `true` or `false`. */
export const booleanRule: OptionRule = {
  isValid: (value) => typeof value === 'boolean',
  rule: 'must be true or false',
}

/** For options whose own module checks them. */
export const checkedElsewhere: OptionRule = { isValid: () => true, rule: '' }

/** Is this a string with at least one character? */
export function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Does the value have a method of this name? */
export function hasMethod(value: unknown, name: string): boolean {
  return typeof Reflect.get(Object(value), name) === 'function'
}
