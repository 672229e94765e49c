import { isRecord } from './is-record.ts'

/** What an option must be. */
export interface OptionRule {
  readonly isValid: (value: unknown) => boolean
  /** In words, after the name: `must be …`. */
  readonly rule: string
  /** Default `false`: `undefined` passes. */
  readonly isRequired?: boolean
}

/** The rules of an options object: every option that it may have. */
export type OptionRules<Options> = Readonly<Record<keyof Options, OptionRule>>

/**
 * Checks the names and the values of options. An unknown name is refused: a mistyped `scope` would
 * otherwise be no check of scopes.
 *
 * @param owner Whose options they are, for messages.
 * @param path Where the options are, such as `issuers[0]`, if they are part of others.
 * @throws `TypeError`, or `RangeError` for a number, naming the option and its rule; never a value.
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
        `${toField(name)} is no option of ${owner} here; there are: ${Object.keys(rules).join(', ')}`,
      )
  for (const [name, { isValid, rule, isRequired = false }] of Object.entries(rules)) {
    const value = options[name]
    if (value === undefined ? !isRequired : isValid(value)) continue
    const message = `${toField(name)} ${rule}`
    throw typeof value === 'number' ? new RangeError(message) : new TypeError(message)
  }
}

/** A function. */
export const functionRule: OptionRule = {
  isValid: (value) => typeof value === 'function',
  rule: 'must be a function',
}

/** `true` or `false`. */
export const booleanRule: OptionRule = {
  isValid: (value) => typeof value === 'boolean',
  rule: 'must be true or false',
}

/** For options that are checked where they are read. */
export const checkedElsewhere: OptionRule = { isValid: () => true, rule: '' }

/** Is this text that says something? */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Has the object this method? */
export function hasMethod(value: unknown, name: string): boolean {
  return typeof Reflect.get(Object(value), name) === 'function'
}
