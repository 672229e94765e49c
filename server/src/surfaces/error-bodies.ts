import type { BrokerError } from '../errors.ts'
import { toErrorDescription } from '../http/error-description.ts'
import type { RenderedError } from '../http/error-handler.ts'

/** Renders an error for OAuth clients. @see RFC 6749 §5.2 */
export function renderOauthError({ code, message }: BrokerError): RenderedError {
  return { body: { error: code, error_description: toErrorDescription(message) } }
}

/**
 * Renders an error so that OAuth clients (`error`, `error_description`) and Geog clients (`success`,
 * `message`, `code`) both read it; also for the paths that belong to no API.
 */
export function renderGeogError(refusal: BrokerError): RenderedError {
  const { code, message } = refusal
  const { body } = renderOauthError(refusal)
  return { body: { success: false, ...body, message, code: code.toUpperCase() } }
}
