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
const LATER = new Set([
  'binding',
  'bbox',
  'budgets',
  'database',
  'metrics',
  'oauth',
  'redis',
  'signing',
  'tiles',
  'upstream',
  'upstreams',
])

/** Says what is wrong with each field, the value given included. */
export function describeIssues(issues: readonly z.core.$ZodIssue[], input: unknown): string[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      const given = readPath(input, issue.path)
      return [`${formatPath(issue.path)}: ${lowerFirst(issue.message)} (given: ${format(given)})`]
    }
    return issue.keys.map((key) => {
      const path = [...issue.path, key]
      const rule = LATER.has(key) ? 'not supported yet' : 'not a known field'
      return `${formatPath(path)}: ${rule} (given: ${format(readPath(input, path))})`
    })
  })
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

function format(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
