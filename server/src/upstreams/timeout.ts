import { wholeNumber } from '../settings/whole-number.ts'

/** Limit of one request for a token, retries included, in seconds; shorter than a page waits. */
export const DEFAULT_TIMEOUT_SECONDS = 8

/** The timeout as a setting. */
export const timeoutSeconds = wholeNumber(1, 60)
  .default(DEFAULT_TIMEOUT_SECONDS)
  .describe('Longest time that one request for a token may take, retries included, in seconds.')
