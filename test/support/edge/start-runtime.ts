import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { build, type Rollup } from 'vite'
import { EDGE_RUNTIMES } from '../../../scripts/edge-runtimes.mjs'
import { root } from '../repository.ts'

/** A runtime that serves a worker. */
export interface RunningWorker {
  readonly port: number
  close(): Promise<void>
}

export type RuntimeName = (typeof EDGE_RUNTIMES)[number]['name']

/** Bundles a module for runtimes without Node: what it imports of Node would fail there. */
export async function bundleWorker(path: string): Promise<string> {
  const [result] = (await build({
    configFile: false,
    root,
    logLevel: 'error',
    resolve: { conditions: ['@tilepass/source'] },
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: join(root, path), formats: ['es'], fileName: 'worker' },
      rolldownOptions: { external: [/^cloudflare:/] },
    },
  })) as Rollup.RollupOutput[]
  return result?.output[0].code ?? ''
}

/** Starts a runtime of the tests of `test/edge` with its main module. */
export async function startRuntime(
  name: RuntimeName,
  env: Readonly<Record<string, string>>,
): Promise<RunningWorker> {
  const script = await bundleWorker(`test/support/edge/main.${name}.mjs`)
  if (name === 'workerd') return startWorkerd(script, env)
  const { child, close } = runProgram(name, script, env)
  return { port: await readPort(child), close }
}

/** Runs a module in Deno or Bun. */
export function runProgram(
  name: RuntimeName,
  script: string,
  env: Readonly<Record<string, string>>,
): { readonly child: ChildProcess; close(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-edge-'))
  const file = join(folder, 'worker.mjs')
  writeFileSync(file, script)
  const program = EDGE_RUNTIMES.find((runtime) => runtime.name === name)?.program ?? name
  const args = name === 'deno' ? ['run', '--allow-net', '--allow-env', '--no-config', file] : [file]
  const child = spawn(program, args, { env: { ...env, HOME: folder }, cwd: folder })
  return {
    child,
    close: async () => {
      child.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startWorkerd(
  script: string,
  bindings: Readonly<Record<string, string>>,
): Promise<RunningWorker> {
  const miniflare = new Miniflare({
    modules: true,
    script,
    compatibilityDate: '2026-04-01',
    bindings: { ...bindings },
    host: '127.0.0.1',
    cf: false,
    // It reports each target that it cannot read.
    handleRuntimeStdio: (...streams: NodeJS.ReadableStream[]) => {
      for (const stream of streams) stream.resume()
    },
  })
  const { port } = await miniflare.ready
  return { port: Number(port), close: () => miniflare.dispose() }
}

function readPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = ''
    const read = (chunk: unknown) => {
      text += String(chunk)
      const port = /port (\d+)/.exec(text)?.[1]
      if (port) resolve(Number(port))
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.on('exit', () => reject(new Error(`the runtime ended: ${text}`)))
    child.on('error', reject)
  })
}
