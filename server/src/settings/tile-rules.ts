import type { TileRule } from '@tilepass/guard'
import { compileTileRules } from '@tilepass/guard/broker'
import { z } from 'zod'

const tileset = z.string().min(1).optional()
const rule = z.union(
  [
    z.string(),
    z.strictObject({ tile: z.string(), tileset }),
    z.strictObject({ document: z.string(), tileset }),
    z.strictObject({ archive: z.string(), tileset }),
  ],
  { error: 'must be a template, or an object with "tile", "document" or "archive"' },
)

/** The tile rules of the guard, as settings. */
export const tileRulesSchema: z.ZodType<readonly TileRule[], readonly TileRule[]> = z
  .array(rule)
  .min(1)
  .superRefine((rules, context) => {
    for (const [index, given] of rules.entries()) {
      const fault = findFault(given)
      if (fault) context.addIssue({ code: 'custom', path: [index], message: fault })
    }
  })
  .transform((rules) => rules)

function findFault(given: TileRule): string | undefined {
  try {
    compileTileRules(given)
    return
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw error
  }
}
