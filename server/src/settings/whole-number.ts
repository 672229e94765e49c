import { z } from 'zod'

/** A whole number within limits; every fault names both limits. */
export function wholeNumber(minimum: number, maximum: number): z.ZodInt {
  const error = `must be a whole number from ${minimum} to ${maximum}`
  return z.int({ error }).min(minimum, { error }).max(maximum, { error })
}
