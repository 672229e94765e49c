import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { root } from './setup.mjs'

await build()
await import(pathToFileURL(join(root, 'examples/serve.mjs')).href)
