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
  readonly attach: Attach
}

/** The list of URLs that may carry the token, compared by parsed origin and path segment. */
export interface AllowList {
  /** The longest rule that covers the URL. */
  match(url: string): ResolvedRule | undefined
  /** A rule of the URL's origin, whatever its path. */
  nearest(url: string): ResolvedRule | undefined
}

/** A URL that a parser would leave exactly as it is: its string can be compared without parsing. */
const PLAIN = /^https?:\/\/[^/?#@\\]+\/[\w~/-]*(?:[\w~-]\.[\w~/-]*)*(?:\?[\w=&,.~-]*)?$/
/** Dot segments that the URL parser leaves alone, and that a server may still resolve. */
const HIDDEN_DOTS = /(?:\/|%2f|%5c)(?:\.|%2e){1,2}(?:[/;]|%2f|%5c|$)/i

function parse(url: string): URL | undefined {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href)
  } catch {
    return undefined
  }
}

/** A rule with its default filled in. @throws TypeError naming the rule that is wrong. */
function check(rule: AllowRule): ResolvedRule {
  const { prefix, attach } =
    typeof rule === 'string' ? { prefix: rule, attach: 'header' as const } : rule
  if (!/^(?!\/\/)[^?#@*\\]+$/.test(prefix ?? '')) {
    throw new TypeError(
      `"allow": "${prefix}" must be a URL without user, query, fragment or wildcard`,
    )
  }
  if (attach !== 'header' && !/^[\w.-]+$/.test(attach?.query ?? '')) {
    throw new TypeError(`"allow": "attach" of "${prefix}" must be 'header' or { query: 'name' }`)
  }
  return { prefix, attach }
}

function resolve({ prefix, attach }: ResolvedRule): ResolvedRule {
  const url = parse(prefix)
  if (!url?.protocol.startsWith('http')) {
    throw new TypeError(
      `"allow": "${prefix}" must be an absolute http(s) URL, or relative in a page`,
    )
  }
  return { prefix: url.href, attach }
}

/**
 * Rules resolve at first use, so that a list can be made where there is no page.
 *
 * @throws TypeError for a rule that can never match as meant.
 */
export function createAllowList(allow: readonly AllowRule[]): AllowList {
  // A lone string would be taken for rules of one letter each, "/" among them.
  if (!Array.isArray(allow) || !allow.length)
    throw new TypeError('"allow" must name at least one URL prefix')
  const checked = [...allow].map(check)
  let resolved: ResolvedRule[] | undefined
  function find(url: string): ResolvedRule | undefined {
    resolved ??= checked.map(resolve).sort((a, b) => b.prefix.length - a.prefix.length)
    for (const rule of resolved) {
      const { prefix } = rule
      // "/v1" covers "/v1" and "/v1/…", never "/v10".
      if (
        url.startsWith(prefix) &&
        (prefix.endsWith('/') || /^[/?#]|^$/.test(url.slice(prefix.length)))
      ) {
        return rule
      }
    }
    return undefined
  }
  return {
    match(url) {
      if (PLAIN.test(url)) {
        const rule = find(url)
        if (rule) return rule
      }
      const parsed = parse(url)
      // A parsed URL begins with its origin, unless it names a user, which no prefix does.
      return parsed && !HIDDEN_DOTS.test(parsed.pathname) ? find(parsed.href) : undefined
    },
    nearest(url) {
      const origin = `${parse(url)?.origin}/`
      return resolved?.find(({ prefix }) => prefix.startsWith(origin))
    },
  }
}
