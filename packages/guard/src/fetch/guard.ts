import type { WaitUntil } from '../keys/single-flight.ts'
import type { TokenClaims } from '../token/claims.ts'
import { createCheck, type GuardOptions } from './request-check.ts'

/** Options, or a function that makes them from the environment at the first request. */
export type OptionsOrFactory<Options, Env> = Options | ((env: Env) => Options)

/** The `fetch` handler that `guard` returns. It hands on what the runtime gives it besides the request. */
export type FetchHandler<Env, Context> = (
  request: Request,
  env?: Env,
  context?: Context,
) => Promise<Response>

/**
 * Wraps a `fetch` handler, so that it runs only for requests with a valid token. CORS, refusals and what
 * makes responses private are as in Express; OPTIONS is answered here.
 *
 * Nothing happens before the first request: options that are made from `env` are made then, once. Key sets
 * and revocations are kept per isolate. Paths of `tiles` are whole paths.
 *
 * @param handler Gets what the runtime passes, and the claims of the token.
 * @throws `TypeError` or `RangeError` for invalid options; from the handler if a function made them.
 * @see RFC 6750
 */
export function guard<Env = unknown, Context = unknown>(
  options: OptionsOrFactory<GuardOptions, Env>,
  handler: (
    request: Request,
    env: Env,
    context: Context,
    claims: TokenClaims,
  ) => Response | Promise<Response>,
): FetchHandler<Env, Context> {
  const check = deferOptions(options, (made) => createCheck('guard()', made))
  return async (request, env, context) => {
    const result = await check(env as Env).check(request, { waitUntil: findWaitUntil(context) })
    if (result.response) return result.response
    return result.protect(await handler(request, env as Env, context as Context, result.claims))
  }
}

/** Creates something from its options: now, or from the environment of the first request. */
export function deferOptions<Options, Env, Result>(
  options: OptionsOrFactory<Options, Env>,
  create: (options: Options) => Result,
): (env: Env) => Result {
  if (typeof options !== 'function') {
    const created = create(options)
    return () => created
  }
  const makeOptions = options as (env: Env) => Options
  let created: { readonly result: Result } | undefined
  return (env) => {
    created ??= { result: create(makeOptions(env)) }
    return created.result
  }
}

/** `waitUntil` of a context, which a worker has and other runtimes have not. */
export function findWaitUntil(context: unknown): WaitUntil | undefined {
  const { waitUntil } = Object(context)
  return typeof waitUntil === 'function'
    ? (promise) => Reflect.apply(waitUntil, context, [promise])
    : undefined
}
