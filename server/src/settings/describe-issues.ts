import type { z } from 'zod'

/** What a room adds to the wording of its faults. */
export interface IssueOptions {
  /** Describes a value that must not be quoted; returns `undefined` for a value that may be. */
  readonly redact?: (path: readonly PropertyKey[], value: unknown) => string | undefined
  /** Rules of unknown top-level fields, by name, in place of "not a known field". */
  readonly unknownFields?: ReadonlyMap<string, string>
}

const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a string',
}

/** Words a rule that has no message of its own; an error map for zod. */
export function describeRule(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.map((value) => quote(value)).join(' or ')}`
    case 'too_small':
      return isSized(issue.origin) ? 'must not be empty' : `must be at least ${issue.minimum}`
    case 'too_big':
      return `must be at most ${issue.maximum}`
    default:
      return undefined
  }
}

/** One fault per issue: `field: rule (given: value)`. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  { redact, unknownFields }: IssueOptions = {},
): string[] {
  const describe = (path: readonly PropertyKey[], rule: string) => {
    const value = readPath(input, path)
    return formatFault(path, rule, redact?.(path, value) ?? quote(value))
  }
  const faults = issues.flatMap((issue) => {
    const { path } = issue
    if (issue.code === 'invalid_key')
      return [formatFault(path, issue.issues[0]?.message ?? issue.message, quote(path.at(-1)))]
    if (issue.code !== 'unrecognized_keys') return [describe(path, lowerFirst(issue.message))]
    return issue.keys.map((key) => {
      const rule = path.length === 0 ? unknownFields?.get(key) : undefined
      return describe([...path, key], rule ?? 'not a known field')
    })
  })
  // One value can break several rules that have the same wording.
  return [...new Set(faults)]
}

/** The value at a path of own members; `undefined` where the path leads nowhere. */
export function readPath(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    input,
  )
}

function formatFault(path: readonly PropertyKey[], rule: string, given: string): string {
  return `${path.map(String).join('.') || '(root)'}: ${rule} (given: ${given})`
}

function quote(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function isSized(origin: string): boolean {
  return origin === 'string' || origin === 'array'
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
