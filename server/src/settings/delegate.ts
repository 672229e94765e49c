import { z } from 'zod'
import { describeRule } from './config-error.ts'

/**
 * A schema that looks at its input before it says which rules apply. A union would say of each fault
 * only that no alternative fits.
 */
export function delegate<Input, Output>(
  choose: (input: unknown) => z.ZodType,
): z.ZodType<Output, Input> {
  return z.custom<Input>().transform((input, context): Output => {
    const result = choose(input).safeParse(input, { error: describeRule })
    // Which schema was chosen is not in the types: whoever chooses vouches for its output.
    if (result.success) return result.data as Output
    for (const issue of result.error.issues)
      context.issues.push({ ...issue, input } as z.core.$ZodRawIssue)
    return z.NEVER
  })
}
