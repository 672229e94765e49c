// @ts-check
import { build } from './build.mjs'

await build()
await import('../examples/serve.mjs')
