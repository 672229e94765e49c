import { z } from 'zod'

/** A whole number within limits; whatever is wrong, the message names both. */
export function wholeNumber(minimum: number, maximum: number): z.ZodInt {
  const error = `must be a whole number from ${minimum} to ${maximum}`
  return z.int({ error }).min(minimum, { error }).max(maximum, { error })
}
