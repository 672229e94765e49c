/**
 * How a request carries the token: in the Authorization header, in a query parameter of the given name,
 * or in a cookie that the endpoint sets and the browser sends by itself.
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
  /** The prefix of every rule, as an absolute URL. */
  prefixes(): string[]
}

/** What may follow a prefix in a URL that a parser would leave unchanged. */
const PLAIN = '[\\w~/-]*(?:[\\w~-]\\.[\\w~/-]*)*(?:\\?[\\w=&,.~-]*)?$'
/** Dot segments that the URL parser leaves alone but a server may resolve. */
const HIDDEN_DOTS = /(?:\/|%2f|%5c)(?:\.|%2e){1,2}(?:[/;]|%2f|%5c|$)/i

/** The URL, resolved against the page; undefined if it is not a URL. */
export function findUrl(url: string): URL | undefined {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href)
  } catch {
    return undefined
  }
}

/** A rule with its default filled in. @throws TypeError naming the invalid rule. */
function parseRule(rule: AllowRule): ResolvedRule {
  const { prefix, attach } =
    typeof rule === 'string' ? { prefix: rule, attach: 'header' as const } : rule
  if (!/^(?!\/\/)[^?#@*{\\]+$/.test(prefix ?? '')) {
    throw invalid(prefix, 'must be a URL without user, query, fragment or wildcard')
  }
  if (
    typeof attach === 'string'
      ? !/^(header|cookie)$/.test(attach)
      : !/^[\w.-]+$/.test(attach?.query ?? '')
  ) {
    throw invalid(prefix, `needs "attach": 'header', 'cookie' or { query: 'name' }`)
  }
  return { prefix, attach }
}

function resolveRule({ prefix, attach }: ResolvedRule): ResolvedRule {
  const url = findUrl(prefix)
  if (!url?.protocol.startsWith('http')) {
    throw invalid(prefix, 'must be an http(s) URL, relative only in a page')
  }
  return { prefix: url.href, attach }
}

function invalid(prefix: string, what: string): TypeError {
  return new TypeError(`"allow": "${prefix}" ${what}`)
}

/**
 * Creates the list. Relative prefixes resolve at first use, so a list can be created where there is no page.
 *
 * @throws TypeError for a rule that can never match as intended.
 */
export function createAllowList(allow: readonly AllowRule[]): AllowList {
  // A string would be split into rules of one character each, "/" among them.
  if (!Array.isArray(allow) || !allow.length)
    throw new TypeError('"allow" must list at least one URL prefix')
  const parsed = [...allow].map(parseRule)
  const rules = new Map<string, ResolvedRule>()
  let covered: RegExp
  /** Most URLs are plain: they are compared as given, in a fraction of the time that parsing takes. */
  let coveredPlain: RegExp

  function compile(): void {
    for (const rule of parsed.map(resolveRule)) rules.set(rule.prefix, rule)
    // Longest first. "/v1" covers "/v1" and "/v1/…", never "/v10".
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
        const resolved = findUrl(url)
        // A URL with a user name does not begin with its origin, so no prefix matches it.
        if (resolved && !HIDDEN_DOTS.test(resolved.pathname)) found = covered.exec(resolved.href)
      }
      return found ? rules.get(found[1] as string) : undefined
    },
    prefixes() {
      if (!rules.size) compile()
      return [...rules.keys()]
    },
  }
}
