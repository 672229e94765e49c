import { z } from 'zod'
import type { UpstreamKind } from './kind.ts'
import type { Upstream } from './upstream.ts'

const schema = z.custom<Upstream>((value) => typeof value === 'function')

/** A function in place of settings, for an API that no kind supports; only code can give one. */
export const custom: UpstreamKind<typeof schema, never> = {
  name: 'custom',
  schema,
  secrets: {},
  quotable: {},
  grantFields: { scope: 'optional', expiresInSeconds: 'optional', datasets: 'optional' },
  open: (upstream) => upstream,
}
