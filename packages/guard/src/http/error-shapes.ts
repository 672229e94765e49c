import type { Refusal } from './refusal.ts'

/** A response body and its media type. */
export interface ErrorBody {
  readonly type: string
  readonly body: object
}

/**
 * The shape of refusals: Geog's envelope, OAuth's (RFC 6749 §5.2), a problem document (RFC 9457), or
 * a custom function.
 */
export type ErrorShape = 'geog' | 'oauth' | 'problem' | ((refusal: Refusal) => ErrorBody)

const JSON_TYPE = 'application/json; charset=utf-8'

const SHAPES: Readonly<Record<'geog' | 'oauth' | 'problem', (refusal: Refusal) => ErrorBody>> = {
  geog: ({ reason, message, code }) => ({
    type: JSON_TYPE,
    body: { success: false, error: reason, message, code },
  }),
  oauth: ({ challenge, code, message }) => ({
    type: JSON_TYPE,
    body: { error: challenge ?? code.toLowerCase(), error_description: message },
  }),
  problem: ({ reason, status, message, code }) => ({
    type: 'application/problem+json',
    body: { type: 'about:blank', title: reason, status, detail: message, code },
  }),
}

/** Renders a refusal in a shape. */
export function toErrorBody(refusal: Refusal, shape: ErrorShape): ErrorBody {
  return typeof shape === 'function' ? shape(refusal) : SHAPES[shape](refusal)
}

/** @throws `TypeError` for an unknown shape. */
export function assertErrorShape(shape: ErrorShape): void {
  if (typeof shape !== 'function' && !Object.hasOwn(SHAPES, shape))
    throw new TypeError('"errors" must be "geog", "oauth", "problem" or a function')
}
