import { type AdmissionOptions, createAdmission, type VerifierChoice } from './admission.ts'
import { type Answer, toAnswer } from './http/answer.ts'
import {
  assertCredentialSource,
  type CredentialSource,
  readCredential,
} from './http/credentials.ts'
import { assertErrorShape, type ErrorShape } from './http/error-shapes.ts'
import type { RawRequest } from './http/raw-request.ts'
import { toRefusal } from './http/refusal.ts'
import type { SingleFlight } from './keys/single-flight.ts'
import {
  booleanRule,
  checkedElsewhere,
  functionRule,
  type OptionRule,
  type OptionRules,
} from './options/option-rules.ts'
import { findCanonicalTarget } from './tiles/canonical-path.ts'
import type { TokenClaims } from './token/claims.ts'
import type { TokenUse } from './token/verifier.ts'

/** What a guard of any runtime takes besides {@link AdmissionOptions} and a verifier. */
export interface GateOptions<GuardedRequest> {
  /** Where a token may come from. Default `'header'`, which is always accepted. */
  readonly credentials?: CredentialSource
  /** Shape of the bodies of refusals. Default `'geog'`. */
  readonly errors?: ErrorShape
  /**
   * Do responses vary by `Authorization`? Default `true`. With `false` a renewal costs not even a 304,
   * but a browser also serves what it has cached to the next user of the same profile.
   */
  readonly vary?: boolean
  /** Called with each refusal, for logs. */
  readonly onRefusal?: (error: unknown, request: GuardedRequest) => void
}

/** The rules for {@link GateOptions}. */
export const GATE_RULES: OptionRules<GateOptions<never>> = {
  credentials: checkedElsewhere,
  errors: checkedElsewhere,
  vary: booleanRule,
  onRefusal: functionRule,
}

/** What a guard decides, whatever runtime it is for. */
export interface Gate<GuardedRequest> {
  /** `Vary` of the responses; empty if they do not vary. */
  readonly vary: string
  /** Name of the query parameter that may contain the token. */
  readonly tokenParameter: string | undefined
  /**
   * Decides whether a request passes; synchronously if nothing must be waited for.
   *
   * @param use What a verifier may need of the request.
   * @throws what `readCredential` and `Admit` throw.
   */
  admit(
    request: RawRequest,
    use: Pick<TokenUse, 'referer' | 'origin' | 'cookie' | 'waitUntil'>,
  ): TokenClaims | Promise<TokenClaims>
  /** Reports an error to `onRefusal`, and renders it. */
  refuse(error: unknown, request: GuardedRequest): Answer
}

/**
 * Creates the decisions of one guard.
 *
 * @param owner The function that takes the options, for messages.
 * @param rules Rules for the options, without those of the admission.
 * @param createFlight How requests that need the same document wait for it.
 * @throws `TypeError` or `RangeError` for invalid options.
 */
export function createGate<GuardedRequest>(
  owner: string,
  options: GateOptions<GuardedRequest> & AdmissionOptions & VerifierChoice,
  rules: Readonly<Record<string, OptionRule>> = GATE_RULES,
  createFlight?: () => SingleFlight,
): Gate<GuardedRequest> {
  const admit = createAdmission(owner, options, rules, createFlight)
  const { credentials = 'header', errors = 'geog', vary = true, onRefusal } = options
  assertCredentialSource(credentials)
  assertErrorShape(errors)
  const { query, cookie } = credentials === 'header' ? {} : credentials
  const varying = cookie === undefined ? 'Authorization' : 'Authorization, Cookie'
  return {
    vary: vary ? varying : '',
    tokenParameter: query,
    admit: (request, use) =>
      admit(readCredential(request, credentials), use, () =>
        findCanonicalTarget(request.url ?? '', query),
      ),
    refuse: (error, request) => {
      onRefusal?.(error, request)
      return toAnswer(toRefusal(error), errors)
    },
  }
}
