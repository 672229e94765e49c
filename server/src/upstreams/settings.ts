import { z } from 'zod'
import { delegate } from '../settings/delegate.ts'
import type { UpstreamKind } from './kind.ts'
import { findUpstreamKind, UPSTREAM_KINDS } from './kinds.ts'
import type { Upstream } from './upstream.ts'

/** An upstream as it is written: the settings of a kind, or a custom function. */
export type UpstreamInput = z.input<(typeof UPSTREAM_KINDS)[number]['schema']> | Upstream
/** An upstream with its defaults filled in. */
export type UpstreamOutput = z.output<(typeof UPSTREAM_KINDS)[number]['schema']> | Upstream

/**
 * Creates the schema of one upstream; its kind decides which settings it has. The types are always those
 * of the built-in kinds.
 */
export function createUpstreamSchema(
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): z.ZodType<UpstreamOutput, UpstreamInput> {
  const unknownKind = createUnknownKindSchema(kinds.map(({ name }) => name))
  return delegate(
    (input) => findUpstreamKind(input, kinds)?.schema ?? unknownKind,
    kinds.map(({ schema }) => schema),
  )
}

function createUnknownKindSchema(names: readonly string[]): z.ZodType {
  const quoted = names.map((name) => `"${name}"`)
  const list = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(quoted)
  return z.looseObject({
    kind: z.string().refine((kind) => names.includes(kind), {
      error: `must be ${list}; in code, a function can be given in place of the settings`,
    }),
  })
}
