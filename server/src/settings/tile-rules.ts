import type { TileRule } from '@tilepass/guard'
import { findTileRuleFault } from '@tilepass/guard/broker'
import { z } from 'zod'

const details = {
  tileset: z.string().min(1).optional(),
  optional: z.array(z.string()).optional(),
}
const rule = z.union(
  [
    z.string(),
    z.strictObject({ tile: z.string(), ...details }),
    z.strictObject({ document: z.string(), ...details }),
    z.strictObject({ archive: z.string(), ...details }),
  ],
  { error: 'must be a template, or an object with "tile", "document" or "archive"' },
)

/** The tile rules of the guard, as settings. */
export const tileRulesSchema: z.ZodType<readonly TileRule[], readonly TileRule[]> = z
  .array(rule)
  .min(1)
  .superRefine((rules, context) => {
    for (const [index, given] of rules.entries()) {
      const fault = findTileRuleFault(given)
      if (fault) context.addIssue({ code: 'custom', path: [index], message: fault })
    }
  })
  .transform((rules) => rules)
