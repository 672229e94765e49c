import type { AllowList } from './allow-list.ts'
import { TokenError } from './errors.ts'
import type { Emitter } from './events.ts'

/**
 * Reports, once per manager, that a server asked for a token at a URL that no rule covers, on an origin that
 * has a rule: a mistyped `allow` is the most common mistake.
 */
export function createUncoveredReport(
  { nearest }: AllowList,
  { emit }: Pick<Emitter, 'emit'>,
): (url: string, status: number) => void {
  let isReported = false
  return (url, status) => {
    const prefix = status === 401 || status === 403 ? nearest(url) : undefined
    if (!prefix || isReported) return
    isReported = true
    const place = url.replace(/[?#].*/s, '')
    emit(
      'error',
      new TokenError(
        'ERR_URL_NOT_ALLOWED',
        `${place} answered ${status}, but "allow" does not cover it. The nearest rule is "${prefix}".`,
        { status },
      ),
    )
  }
}
