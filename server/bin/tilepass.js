#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

// In a clone the command may be the first thing that anyone runs: build what it needs.
if (!existsSync(at('../dist/bundle/main.js')) && existsSync(at('../../scripts/build.mjs'))) {
  const { build } = await import('../../scripts/build.mjs')
  await build(['server'])
}
await import('../dist/bundle/main.js')
