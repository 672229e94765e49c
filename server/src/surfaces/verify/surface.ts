import {
  type Budgets,
  type ForwardAuthOptions,
  forwardAuth,
  type TileRule,
  type Verifier,
} from '@tilepass/guard'
import { Router } from 'express'
import { type FailureReporter, isFailure } from '../../observe/failures.ts'

/** What forward auth needs. */
export interface VerifySurface {
  readonly peers: readonly string[]
  readonly tiles?: readonly TileRule[] | undefined
  readonly scope: string
  readonly credentials?: ForwardAuthOptions['credentials'] | undefined
  readonly verifier: Verifier
  readonly budgets: Budgets
  readonly report: FailureReporter
}

/** `GET /verify`: answers gateways whether a request may pass. */
export function createVerifySurface(surface: VerifySurface): Router {
  const { peers, tiles, scope, credentials, verifier, budgets, report } = surface
  const router = Router({ caseSensitive: true, strict: true })
  const answer = forwardAuth({
    peers,
    scope,
    verifier,
    budgets,
    ...(tiles && { tiles }),
    ...(credentials && { credentials }),
    onRefusal: (error) => {
      if (isFailure(error)) report(error)
    },
  })
  router.all('/verify', answer)
  return router
}
