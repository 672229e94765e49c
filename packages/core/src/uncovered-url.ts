import type { AllowList } from './allow-list.ts'
import { TokenError } from './errors.ts'
import type { Emitter } from './events.ts'

/**
 * Reports, once per manager, that a server asked for a token at a URL of a rule's origin that no rule
 * covers: a mistyped `allow` is the commonest mistake.
 */
export function createUncoveredReport(
  { nearest }: AllowList,
  { emit }: Pick<Emitter, 'emit'>,
): (url: string, status: number) => void {
  let reported = false
  return (url, status) => {
    const rule = status === 401 || status === 403 ? nearest(url) : undefined
    if (!rule || reported) return
    reported = true
    const place = url.replace(/[?#].*/s, '')
    emit(
      'error',
      new TokenError(
        'ERR_URL_NOT_ALLOWED',
        `${place} answered ${status} and got no token, because "allow" does not cover it. The nearest rule is "${rule.prefix}".`,
        { status },
      ),
    )
  }
}
