/**
 * How a request carries the token: in the Authorization header, in a query parameter of that name, or
 * in a cookie that the endpoint sets and the browser sends by itself.
 */
export type Attach = 'header' | 'cookie' | { readonly query: string }

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

/** What may follow a prefix in a URL that a parser would leave exactly as it is. */
const PLAIN = '[\\w~/-]*(?:[\\w~-]\\.[\\w~/-]*)*(?:\\?[\\w=&,.~-]*)?$'
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
  if (!/^(?!\/\/)[^?#@*{\\]+$/.test(prefix ?? '')) {
    throw wrong(prefix, 'must be a URL without user, query, fragment or wildcard')
  }
  if (
    typeof attach === 'string'
      ? !/^(header|cookie)$/.test(attach)
      : !/^[\w.-]+$/.test(attach?.query ?? '')
  ) {
    throw wrong(prefix, `must "attach" by 'header', 'cookie' or { query: 'name' }`)
  }
  return { prefix, attach }
}

function resolve({ prefix, attach }: ResolvedRule): ResolvedRule {
  const url = parse(prefix)
  if (!url?.protocol.startsWith('http')) {
    throw wrong(prefix, 'must be an absolute http(s) URL, or relative in a page')
  }
  return { prefix: url.href, attach }
}

function wrong(prefix: string, rule: string): TypeError {
  return new TypeError(`"allow": "${prefix}" ${rule}`)
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
  const rules = new Map<string, ResolvedRule>()
  let covered: RegExp
  /** Most URLs are plain: they are compared as they are, at a fraction of the time that parsing takes. */
  let coveredPlain: RegExp

  function compile(): void {
    for (const rule of checked.map(resolve)) rules.set(rule.prefix, rule)
    // The longest first. "/v1" covers "/v1" and "/v1/…", never "/v10".
    const prefixes = [...rules.keys()]
      .sort((a, b) => b.length - a.length)
      .map((prefix) => prefix.replace(/\W/g, '\\$&').replace(/[^/]$/, '$&(?![^/?#])'))
    covered = RegExp(`^(${prefixes.join('|')})`)
    coveredPlain = RegExp(covered.source + PLAIN)
  }

  return {
    match(url) {
      if (!rules.size) compile()
      let found = coveredPlain.exec(url)
      if (!found) {
        const parsed = parse(url)
        // A parsed URL begins with its origin, unless it names a user, which no prefix does.
        if (parsed && !HIDDEN_DOTS.test(parsed.pathname)) found = covered.exec(parsed.href)
      }
      return found ? rules.get(found[1] as string) : undefined
    },
    nearest(url) {
      const origin = `${parse(url)?.origin}/`
      return [...rules.values()].find(({ prefix }) => prefix.startsWith(origin))
    },
  }
}
