/** How a request carries the token: in the Authorization header, or in a query parameter of that name. */
export type Attach = 'header' | { readonly query: string }

/**
 * A URL prefix that may carry the token. A string stands for `{ prefix, attach: 'header' }`. A relative
 * prefix resolves against the page at first use.
 */
export type AllowRule = string | { readonly prefix: string; readonly attach: Attach }

/** A rule whose prefix is an absolute URL. */
export interface ResolvedRule {
  readonly prefix: string
  readonly origin: string
  readonly path: string
  readonly attach: Attach
}

/** A URL tail that a parser would leave exactly as it is: then comparing strings is comparing URLs. */
const PLAIN = /^https?:\/\/[^/?#@\\]+\/[\w~/-]*(?:[\w~-]\.[\w~/-]*)*(?:\?[\w=&,.~-]*)?$/
/** Dot segments that the URL parser leaves alone, and that a server may still resolve. */
const HIDDEN_DOTS = /(?:^|\/|\\|%2f|%5c)(?:\.|%2e){1,2}(?:\/|\\|%2f|%5c|$)/i

/** The page's own URL, where there is one. */
function base(): string | undefined {
  return globalThis.document?.baseURI ?? globalThis.location?.href
}

function resolve(rule: AllowRule): ResolvedRule {
  const { prefix, attach } =
    typeof rule === 'string' ? { prefix: rule, attach: 'header' as const } : rule
  let url: URL
  try {
    url = new URL(prefix, base())
  } catch {
    throw new TypeError(
      `"allow": "${prefix}" is relative, which needs a page; here it must be an absolute URL`,
    )
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TypeError(`"allow": "${prefix}" must be an http or https URL`)
  }
  return { prefix: url.href, origin: url.origin, path: url.pathname, attach }
}

/** @throws TypeError naming the rule that is wrong. */
export function checkRules(allow: readonly AllowRule[]): void {
  if (!Array.isArray(allow) || allow.length === 0) {
    throw new TypeError('"allow" must name at least one URL prefix that may carry the token')
  }
  for (const rule of allow) {
    const { prefix, attach } =
      typeof rule === 'string' ? { prefix: rule, attach: 'header' } : (rule ?? {})
    if (typeof prefix !== 'string' || prefix === '' || /[?#@*\\]|^\/\//.test(prefix)) {
      throw new TypeError(
        `"allow": ${JSON.stringify(prefix)} must be a URL prefix without user name, wildcard, query or fragment`,
      )
    }
    if (attach !== 'header' && !/^[\w.-]+$/.test(attach?.query ?? '')) {
      throw new TypeError(`"allow": "attach" of "${prefix}" must be 'header' or { query: 'name' }`)
    }
  }
}

/** The list of URLs that may carry the token, compared by parsed origin and path segment. */
export interface AllowList {
  /** The longest rule that covers the URL. */
  match(url: string): ResolvedRule | undefined
  /** A rule of the URL's origin whose path does not cover it: probably mistyped. */
  nearest(url: string): ResolvedRule | undefined
}

/** Rules resolve at first use, so that a list can be made where there is no page. */
export function createAllowList(allow: readonly AllowRule[]): AllowList {
  checkRules(allow)
  let resolved: ResolvedRule[] | undefined
  const rules = () => {
    resolved ??= allow.map(resolve).sort((a, b) => b.path.length - a.path.length)
    return resolved
  }
  const covers = (path: string, prefix: string) =>
    path.startsWith(prefix) &&
    (prefix.endsWith('/') || path.length === prefix.length || path[prefix.length] === '/')
  const parse = (url: string) => {
    try {
      return new URL(url, base())
    } catch {
      return undefined
    }
  }
  return {
    match(url) {
      if (PLAIN.test(url)) {
        // The parse is most of the cost of a request that needs none.
        const fast = rules().find(
          ({ prefix }) =>
            url.startsWith(prefix) &&
            (prefix.endsWith('/') ||
              url.length === prefix.length ||
              '/?'.includes(url.charAt(prefix.length))),
        )
        if (fast) return fast
      }
      const parsed = parse(url)
      if (!parsed || parsed.username || parsed.password || HIDDEN_DOTS.test(parsed.pathname))
        return undefined
      return rules().find(
        ({ origin, path }) => origin === parsed.origin && covers(parsed.pathname, path),
      )
    },
    nearest(url) {
      const parsed = parse(url)
      return parsed && rules().find(({ origin }) => origin === parsed.origin)
    },
  }
}
