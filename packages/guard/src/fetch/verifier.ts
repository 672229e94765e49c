import { createOwnFlight } from '../keys/single-flight.ts'
import { assertOptions } from '../options/option-rules.ts'
import {
  assembleVerifier,
  toVerifierRules,
  type Verifier,
  type VerifierOptions,
} from '../token/verifier.ts'

/**
 * Creates a verifier for runtimes in which requests must not await what another one started. Pass each
 * request's `waitUntil` to `verify`. Nothing is fetched before the first `verify`.
 *
 * @throws `TypeError` or `RangeError` for invalid options.
 * @see RFC 8725
 */
export function createVerifier(options: VerifierOptions): Verifier {
  assertOptions('createVerifier()', options, toVerifierRules(Object(options)))
  return assembleVerifier(options, createOwnFlight)
}
