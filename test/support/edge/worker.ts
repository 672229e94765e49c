import { guard } from '@tilepass/guard/fetch'

/** What a runtime under test is given. */
export interface Env {
  readonly ISSUER: string
  /** URLs of key sets. */
  readonly JWKS: string
  readonly REVOCABLE: string
  readonly ABSENT: string
  /** Where key sets are slow, huge or redirected. */
  readonly FAULTS: string
}

/** The rules of the tests, for Express's guard as well. */
export const TILES = [
  '/data/{tileset}/{z}/{x}/{y}.pbf',
  { document: '/data/{tileset}.json' },
  { tile: '/q?layer={tileset}&z={z}&y={y}&x={x}', optional: ['v'] },
]

/** How far the guards' clocks are ahead, in ms; the header `x-clock` sets it. */
const clock = { ahead: 0 }
const now = () => Date.now() + clock.ahead

/** Sets the guards' clocks, as a request asks. */
export function setClock(ahead: string | null | undefined): void {
  clock.ahead = Number(ahead ?? clock.ahead)
}

/** The options of each guard under test, for Express's guard as well. */
export function toOptions({ ISSUER, JWKS, REVOCABLE, ABSENT, FAULTS }: Env) {
  const shared = { issuer: ISSUER, audience: ISSUER, jwks: JWKS, tiles: TILES, now }
  return {
    plain: { ...shared, scope: 'tiles:read' },
    any: { ...shared, credentials: { query: 'token', cookie: 'map' }, errors: 'oauth' },
    untiled: { issuer: ISSUER, audience: ISSUER, jwks: JWKS, now, errors: 'problem' },
    revocable: { ...shared, jwks: REVOCABLE, revocable: true },
    absent: { ...shared, jwks: ABSENT, timeout: 500 },
    slow: { ...shared, jwks: `${FAULTS}/slow`, timeout: 500 },
    huge: { ...shared, jwks: `${FAULTS}/huge` },
    redirected: { ...shared, jwks: `${FAULTS}/redirected` },
  } as const
}

export type GuardName = keyof ReturnType<typeof toOptions>

const GUARDS = [
  ...(['plain', 'any', 'untiled', 'revocable'] as const),
  ...(['absent', 'slow', 'huge', 'redirected'] as const),
]

/** Tells what the handler sees of the request. */
function echo(request: Request): Response {
  const { pathname, search } = new URL(request.url)
  const headers = { ETag: '"e"', 'Cache-Control': 'public, max-age=60' }
  return Response.json({ url: request.url, target: pathname + search }, { headers })
}

const guards = new Map(
  GUARDS.map((name) => [name as string, guard((env: Env) => toOptions(env)[name], echo)]),
)

/** Hands a request to the guard that it names. */
export function handle(request: Request, env: Env, context?: unknown): Promise<Response> {
  setClock(request.headers.get('x-clock'))
  const handler = guards.get(request.headers.get('x-guard') ?? 'plain')
  if (!handler) throw new TypeError('unknown guard')
  return handler(request, env, context)
}
