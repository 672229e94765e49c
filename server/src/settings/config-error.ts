import type { z } from 'zod'

/** The configuration cannot work; the message lists every fault with its field, value and rule. */
export class ConfigError extends Error {
  readonly code = 'ERR_CONFIG'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    )
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/** Fields that the design has and this version does not. */
const LATER = new Set(['database', 'metrics', 'oauth', 'redis', 'signing'])

/** Settings of upstreams that are shown, and what they must look like: nothing like a secret. */
const SHOWN: ReadonlyMap<string, RegExp> = new Map([
  ['kind', /^[a-z]{1,12}$/],
  ['clientAuthentication', /^[a-z_]{1,24}$/],
  ['url', /^https?:\/\/[\w.:-]+(?:\/[\w/.-]*)?$/],
  ['tokenUrl', /^https?:\/\/[\w.:-]+(?:\/[\w/.-]*)?$/],
])

/** Settings of the server's own, which code gives elsewhere. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['host', 'not an option of createBroker, listen() takes it'],
  ['port', 'not an option of createBroker, listen() takes it'],
  ['logLevel', 'not an option of createBroker, its "logger" has it'],
])

const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a string',
}

/** Words a rule that has no words of its own; an error map for Zod. */
export function describeRule(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.map((value) => format(value)).join(' or ')}`
    case 'too_small':
      return isSized(issue.origin) ? 'must not be empty' : `must be at least ${issue.minimum}`
    case 'too_big':
      return `must be at most ${issue.maximum}`
    default:
      return undefined
  }
}

/**
 * Does one check after the other and hands on the faults of all: nobody should have to start again to
 * learn the next one.
 *
 * @throws {@link ConfigError} after the last check; anything else at once.
 */
export function collectFaults(): {
  check<T>(run: () => Promise<T>): Promise<T | undefined>
  throwIfAny(): void
} {
  const faults: string[] = []
  return {
    check: async (run) => {
      try {
        return await run()
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        faults.push(...error.faults)
        return undefined
      }
    },
    throwIfAny: () => {
      if (faults.length > 0) throw new ConfigError(faults)
    },
  }
}

/** Says what is wrong with each field, the value given included. */
export function describeIssues(issues: readonly z.core.$ZodIssue[], input: unknown): string[] {
  const faults = issues.flatMap((issue) => {
    if (issue.code === 'invalid_key') {
      const rule = issue.issues[0]?.message ?? issue.message
      return [`${formatPath(issue.path)}: ${rule} (given: ${format(issue.path.at(-1))})`]
    }
    if (issue.code !== 'unrecognized_keys') {
      const given = readPath(input, issue.path)
      return [
        `${formatPath(issue.path)}: ${lowerFirst(issue.message)} (given: ${formatGiven(issue.path, given)})`,
      ]
    }
    return issue.keys.map((key) => {
      const path = [...issue.path, key]
      const elsewhere = path.length === 1 ? ELSEWHERE.get(key) : undefined
      const rule = elsewhere ?? (LATER.has(key) ? 'not supported yet' : 'not a known field')
      return `${formatPath(path)}: ${rule} (given: ${formatGiven(path, readPath(input, path))})`
    })
  })
  // One number can break several rules that are told in the same words.
  return [...new Set(faults)]
}

function isSized(origin: string): boolean {
  return origin === 'string' || origin === 'array'
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.map(String).join('.') || '(the whole)'
}

function readPath(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    input,
  )
}

/**
 * What was given, for people. Whoever writes a secret where only its source belongs must not find it
 * in a log: of upstreams nothing but their plain settings is shown.
 */
function formatGiven(path: readonly PropertyKey[], value: unknown): string {
  if (path[0] !== 'upstreams') return format(value)
  if (typeof value === 'object' && value !== null) return 'an object'
  // A password may be all digits.
  if (typeof value === 'number' && path.at(-1) !== 'timeoutSeconds') return 'a number, not shown'
  if (typeof value !== 'string' || value === '') return format(value)
  return SHOWN.get(String(path.at(-1)))?.test(value) ? format(value) : 'a string, not shown'
}

function format(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
