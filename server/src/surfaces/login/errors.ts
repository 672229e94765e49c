import type { BrokerError } from '../../errors.ts'
import type { RenderedError } from '../../http/error-handler.ts'

/** Renders an error of this surface: a code for programs, a message for people. */
export function renderLoginError({ code, message }: BrokerError): RenderedError {
  return { body: { error: code, message } }
}
