import { findParameter } from '../../http/query.ts'
import type { ApiToken } from '../../store/api-tokens.ts'
import type { MapboxTokenQuery } from '../../store/mapbox-tokens.ts'
import { UnprocessableError } from './errors.ts'

/** Tokens in a page, at most. Some clients never ask for a second page, so the first one is long. */
const MAX_PAGE = 1_000
/** The id of a token, and its position if the list is sorted by modification. */
const START = /^(c[0-9a-z]{24})(?:\.([0-9a-z]{1,11}))?$/

/** The parsed query of "List tokens"; the caller looks `start` up. */
export interface ListRequest {
  readonly usage: 'pk' | 'sk' | undefined
  readonly isDefault: boolean | undefined
  readonly sortBy: MapboxTokenQuery['sortBy']
  readonly limit: number
  /** The token after which the page starts, and its position when the previous page was sent. */
  readonly start: { readonly id: string; readonly at: number | undefined } | undefined
}

/** Reads the query of "List tokens". @throws {@link UnprocessableError} naming the parameter. */
export function parseListRequest(query: URLSearchParams): ListRequest {
  const usage = readOne(query, 'usage')
  if (usage !== undefined && usage !== 'pk' && usage !== 'sk')
    throw new UnprocessableError('usage must be pk or sk')
  const sortby = readOne(query, 'sortby') ?? 'created'
  if (sortby !== 'created' && sortby !== 'modified')
    throw new UnprocessableError('sortby must be created or modified')
  const isDefault = readOne(query, 'default')
  if (isDefault !== undefined && isDefault !== 'true' && isDefault !== 'false')
    throw new UnprocessableError('default must be true or false')
  const limit = readOne(query, 'limit') ?? String(MAX_PAGE)
  if (!/^[1-9]\d{0,8}$/.test(limit)) throw new UnprocessableError('limit must be 1 or more')
  const start = readOne(query, 'start')
  return {
    usage,
    isDefault: isDefault === undefined ? undefined : isDefault === 'true',
    sortBy: sortby === 'created' ? 'created_at' : 'modified_at',
    limit: Math.min(Number(limit), MAX_PAGE),
    start: start === undefined ? undefined : parseStart(start),
  }
}

/** 422: `start` is not a token of this account. */
export class InvalidStartError extends UnprocessableError {
  constructor() {
    super('start is invalid')
  }
}

/** The value of the `Link` header for the page after `last`: the same query without the credential. */
export function formatNextLink(
  path: string,
  query: URLSearchParams,
  { sortBy, limit }: ListRequest,
  last: ApiToken,
): string {
  const next = new URLSearchParams(query)
  next.delete('access_token')
  // An update moves a token in the order of modification, so the link records its present position.
  const position = sortBy === 'modified_at' ? `.${last.modified_at.toString(36)}` : ''
  next.set('start', last.id + position)
  next.set('limit', String(limit))
  return `<${path}?${next}>; rel="next"`
}

function parseStart(start: string): NonNullable<ListRequest['start']> {
  const [, id, at] = START.exec(start) ?? []
  if (id === undefined) throw new InvalidStartError()
  const position = at === undefined ? undefined : Number.parseInt(at, 36)
  if (position !== undefined && !Number.isSafeInteger(position)) throw new InvalidStartError()
  return { id, at: position }
}

function readOne(query: URLSearchParams, name: string): string | undefined {
  return findParameter(query, name, () => new UnprocessableError(`${name} must not be repeated`))
}
