import { z } from 'zod'
import type { UpstreamKind } from './kind.ts'
import type { Upstream } from './upstream.ts'

const schema = z.custom<Upstream>((value) => typeof value === 'function')

/** A function that code gives in place of settings, for any other API. */
export const custom: UpstreamKind<typeof schema, never> = {
  name: 'custom',
  schema,
  secrets: {},
  quotable: {},
  grantFields: { scope: 'optional', expiresInSeconds: 'optional', datasets: 'optional' },
  open: (upstream) => upstream,
}
