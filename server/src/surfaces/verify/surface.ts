import {
  type Budgets,
  type ForwardAuthOptions,
  forwardAuth,
  type TileRule,
  type Verifier,
} from '@tilepass/guard'
import type { Router } from 'express'
import { createRouter } from '../../http/router.ts'
import type { RequestReporter } from '../../observe/failures.ts'

/** What forward auth needs. */
export interface VerifySurfaceParts {
  /** Addresses of the gateways that may ask. */
  readonly peers: readonly string[]
  readonly tiles?: readonly TileRule[] | undefined
  readonly scope: string
  readonly credentials?: ForwardAuthOptions['credentials'] | undefined
  readonly verifier: Verifier
  readonly budgets: Budgets
  readonly report: RequestReporter
}

/** `GET /verify`: tells a gateway whether a request may pass. */
export function createVerifySurface(parts: VerifySurfaceParts): Router {
  const { peers, tiles, scope, credentials, verifier, budgets, report } = parts
  const router = createRouter()
  const answer = forwardAuth({
    peers,
    scope,
    verifier,
    budgets,
    ...(tiles && { tiles }),
    ...(credentials && { credentials }),
    onRefusal: report,
  })
  router.all('/verify', answer)
  return router
}
