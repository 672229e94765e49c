import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { root } from '../repository.ts'
import { bundleWorker } from './start-runtime.ts'

/** A worker of `examples/edge` that runs in workerd, with a bucket. */
export interface RunningExample {
  readonly url: string
  /** Puts the demo archives into the bucket, or takes them out. */
  setArchives(areThere: boolean): Promise<void>
  close(): Promise<void>
}

/** Starts `examples/edge/worker.js` or `cache-api.js`. */
export async function startExample(
  file: 'worker.js' | 'cache-api.js',
  bindings: { readonly ISSUER: string; readonly JWKS: string; readonly ARCHIVES?: string },
): Promise<RunningExample> {
  const { compatibility_date: compatibilityDate } = readConfiguration()
  const miniflare = new Miniflare({
    modules: true,
    script: await bundleWorker(`examples/edge/${file}`),
    compatibilityDate,
    bindings: { ...bindings, TILES_URL: 'https://tiles.example' },
    r2Buckets: ['BUCKET'],
    host: '127.0.0.1',
    cf: false,
  })
  const { origin } = await miniflare.ready
  // Its types are in a package of Cloudflare's that is not installed.
  const bucket = (await miniflare.getR2Bucket('BUCKET')) as unknown as {
    put(key: string, value: Uint8Array): Promise<unknown>
    delete(key: string): Promise<void>
  }
  return {
    url: origin,
    setArchives: async (areThere) => {
      for (const name of ['world.pmtiles', 'world-raster.pmtiles']) {
        const archive = Uint8Array.from(readFileSync(join(root, 'examples/demo-data', name)))
        if (areThere) await bucket.put(name, archive)
        else await bucket.delete(name)
      }
    },
    close: () => miniflare.dispose(),
  }
}

/** What is read of `wrangler.jsonc`. */
export interface WranglerConfiguration {
  readonly main: string
  readonly compatibility_date: string
  readonly workers_dev: boolean
  readonly preview_urls: boolean
  readonly routes: readonly { readonly pattern: string; readonly custom_domain?: boolean }[]
  readonly cache: { readonly enabled: boolean }
  readonly exports: Readonly<
    Record<string, { readonly type: string; readonly cache: { readonly enabled: boolean } }>
  >
}

/** Reads `examples/edge/wrangler.jsonc`, whose comments are whole lines. */
export function readConfiguration(): WranglerConfiguration {
  const text = readFileSync(join(root, 'examples/edge/wrangler.jsonc'), 'utf8')
  return JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''))
}
