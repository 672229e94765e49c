import { z } from 'zod'
import { describeRule } from './describe-issues.ts'

const alternatives = new WeakMap<object, readonly z.ZodType[]>()

/** The schemas between which a schema of {@link delegate} chooses; `undefined` for other schemas. */
export function findAlternatives(schema: object): readonly z.ZodType[] | undefined {
  return alternatives.get(schema)
}

/**
 * A schema that chooses the schema for each input by looking at it. A union would report of each fault
 * only that no alternative fits.
 *
 * Its own output passes it again unchanged: `serve` checks its settings, and `createBroker` checks them
 * a second time.
 *
 * @param listed The schemas of objects that it may choose, for the documentation.
 */
export function delegate<Input, Output>(
  choose: (input: unknown) => z.ZodType,
  listed: readonly z.ZodType[] = [],
): z.ZodType<Output, Input> {
  const outputs = new WeakSet<object>()
  const schema = z.custom<Input>().transform((input, context): Output => {
    // The types do not say which schema was chosen: `choose` vouches for its output.
    if (isObject(input) && outputs.has(input)) return input as unknown as Output
    const result = choose(input).safeParse(input, { error: describeRule })
    if (result.success) {
      if (isObject(result.data)) outputs.add(result.data)
      return result.data as Output
    }
    for (const issue of result.error.issues)
      context.issues.push({ ...issue, input } as z.core.$ZodRawIssue)
    return z.NEVER
  })
  alternatives.set(schema, listed)
  return schema
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
