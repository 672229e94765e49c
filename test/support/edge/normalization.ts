import type { RuntimeName } from './start-runtime.ts'

/**
 * What each runtime makes of a request target before any code runs: path and query of `request.url`, as a
 * handler reads them, or the status with which the runtime itself answers.
 */
export interface NormalizationRow {
  readonly sent: string
  readonly seen: Readonly<Record<RuntimeName, string | number>>
}

export const NORMALIZATION: readonly NormalizationRow[] = [
  {
    sent: '/data/a/../open/3/4/2.pbf',
    seen: {
      workerd: '/data/open/3/4/2.pbf',
      deno: '/data/a/../open/3/4/2.pbf',
      bun: '/data/open/3/4/2.pbf',
    },
  },
  {
    sent: '/data/a/%2E%2e/open/3/4/2.pbf',
    seen: {
      workerd: '/data/open/3/4/2.pbf',
      deno: '/data/a/%2E%2e/open/3/4/2.pbf',
      bun: '/data/open/3/4/2.pbf',
    },
  },
  {
    sent: '/data\\open/3/4/2.pbf',
    seen: {
      workerd: '/data/open/3/4/2.pbf',
      deno: '/data\\open/3/4/2.pbf',
      bun: '/data/open/3/4/2.pbf',
    },
  },
  {
    sent: '/data/open/3/4/2.pbf#/secret',
    seen: {
      workerd: '/data/open/3/4/2.pbf',
      deno: '/data/open/3/4/2.pbf#/secret',
      bun: '/data/open/3/4/2.pbf#/secret',
    },
  },
  {
    sent: '/data/a#/../open/3/4/2.pbf',
    seen: {
      workerd: '/data/open/3/4/2.pbf',
      deno: '/data/a#/../open/3/4/2.pbf',
      bun: '/data/a#/../open/3/4/2.pbf',
    },
  },
  {
    sent: '/data/open/3/4/ 2.pbf',
    seen: { workerd: '/data/open/3/4/', deno: 400, bun: 505 },
  },
  {
    sent: 'http://host/data/open/3/4/2.pbf',
    seen: { workerd: 500, deno: '/data/open/3/4/2.pbf', bun: '/data/open/3/4/2.pbf' },
  },
  { sent: '*/data/open/3/4/2.pbf', seen: { workerd: 500, deno: 400, bun: 400 } },
  { sent: '%2Fdata/open/3/4/2.pbf', seen: { workerd: 500, deno: 400, bun: 400 } },
  {
    sent: '/data/open/3/4/2.pbf٣',
    seen: {
      workerd: '/data/open/3/4/2.pbf%D9%A3',
      deno: '/data/open/3/4/2.pbf٣',
      bun: '/data/open/3/4/2.pbf%D9%A3',
    },
  },
  {
    sent: '//data/open/3/4/2.pbf',
    seen: {
      workerd: '//data/open/3/4/2.pbf',
      deno: '//data/open/3/4/2.pbf',
      bun: '//data/open/3/4/2.pbf',
    },
  },
  {
    sent: '/data%2Fopen/3/4/2.pbf',
    seen: {
      workerd: '/data%2Fopen/3/4/2.pbf',
      deno: '/data%2Fopen/3/4/2.pbf',
      bun: '/data%2Fopen/3/4/2.pbf',
    },
  },
]

/** What `request.url` has after the host, for any target that reaches a handler. */
export function toSeenTarget(runtime: RuntimeName, sent: string): string {
  // In absolute form the target names the host.
  const path = sent.replace(/^http:\/\/[^/]*/, '')
  if (runtime === 'deno') return path
  // workerd ends the target at a space, and resolves dots once before it parses a URL.
  const target = runtime === 'workerd' ? resolveDots(path.replace(/ .*/s, '')) : path
  const { pathname, search, hash } = new URL(`http://host${target}`)
  // An empty query, or fragment, stays in the text of a URL.
  const query = search === '' && /^[^#]*\?(?:#|$)/.test(target) ? '?' : search
  const fragment = hash === '' && target.includes('#') ? '#' : hash
  return pathname + query + (runtime === 'workerd' ? '' : fragment)
}

/** Resolves the segments `.` and `..`, in exactly this spelling, and takes `#` for a part of the path. */
function resolveDots(target: string): string {
  const [path = '', query] = target.split(/(?=\?)(.*)/s)
  const segments = path.split('/').slice(1)
  const kept: string[] = []
  for (const segment of segments)
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  const isFolder = ['.', '..'].includes(segments.at(-1) ?? '')
  return `/${kept.join('/')}${isFolder && kept.length > 0 ? '/' : ''}${query ?? ''}`
}
