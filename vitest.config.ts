import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import { chromiumArgs, findHeadlessChromium } from './scripts/chromium.mjs'
import { findPostgres, listStoreTests } from './scripts/postgres.mjs'
import { EvenShards } from './scripts/shards.mjs'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Tests import the sources, so that they need no build. */
const alias = [
  { find: /^@tilepass\/core$/, replacement: source('packages/core/src/index.ts') },
  { find: /^@tilepass\/core\/(.*)$/, replacement: source('packages/core/src/$1.ts') },
  { find: /^@tilepass\/maplibre$/, replacement: source('packages/maplibre/src/index.ts') },
  { find: /^@tilepass\/maplibre\/(control)$/, replacement: source('packages/maplibre/src/$1.ts') },
  { find: /^@tilepass\/leaflet$/, replacement: source('packages/leaflet/src/index.ts') },
  { find: /^@tilepass\/guard$/, replacement: source('packages/guard/src/index.ts') },
  { find: /^@tilepass\/guard\/(broker|fetch)$/, replacement: source('packages/guard/src/$1.ts') },
  { find: /^@tilepass\/broker$/, replacement: source('server/src/index.ts') },
]

const anyTest = [
  'packages/*/test/**/*.test.{ts,tsx}',
  'server/test/**/*.test.ts',
  'test/**/*.test.{ts,tsx}',
]
const domTest = '**/*.dom.test.{ts,tsx}'
const browserTest = '**/*.browser.test.{ts,tsx}'
const pageTest = 'test/**/*.page.test.ts'
const engineTest = 'test/**/*.engine.test.ts'
const postgresTest = '**/*.postgres.test.ts'
const faultTest = 'test/faults/*.test.ts'
/** Three brokers, a database, nginx and a map under load: beside anything else it would measure that. */
const replicasTest = 'test/faults/replicas.page.test.ts'
const realTimers = source('test/support/real-timers.ts')
const chromium = findHeadlessChromium()
const cores = availableParallelism()

const projects: TestProjectConfiguration[] = [
  {
    extends: true,
    test: {
      name: 'node',
      include: anyTest,
      // Loading the sources anew for each file would take longer than its tests.
      isolate: false,
      setupFiles: realTimers,
      exclude: [
        ...[domTest, browserTest, pageTest, engineTest, postgresTest, faultTest],
        '**/node_modules/**',
      ],
    },
  },
  {
    extends: true,
    test: {
      name: 'dom',
      environment: 'happy-dom',
      include: [domTest],
      exclude: ['**/node_modules/**'],
    },
  },
  {
    extends: true,
    test: {
      name: 'engines',
      include: [engineTest],
      testTimeout: 180_000,
      // Nothing else beside them, and no third: Firefox and WebKit draw in software.
      maxWorkers: 2,
      sequence: { groupOrder: 3 },
    },
  },
  {
    extends: true,
    test: {
      name: 'faults',
      include: [faultTest],
      exclude: [pageTest],
      isolate: false,
      setupFiles: realTimers,
      // They measure times that are promised, so nothing else runs beside them. Many only wait.
      maxWorkers: 2,
      sequence: { groupOrder: 4 },
    },
  },
]

if (chromium) {
  projects.push({
    extends: true,
    test: {
      name: 'replicas',
      setupFiles: realTimers,
      include: [replicasTest],
      testTimeout: 180_000,
      sequence: { groupOrder: 5 },
    },
  })
}

if (findPostgres()) {
  projects.push({
    extends: true,
    test: {
      name: 'postgres',
      isolate: false,
      setupFiles: realTimers,
      // What opens a store runs once more, on the store of replicas.
      include: listStoreTests(),
      env: { TILEPASS_TEST_STORE: 'postgres' },
      // A query takes a turn of two processes, and some tests make thousands.
      testTimeout: 60_000,
      globalSetup: 'server/test/support/postgres-setup.ts',
    },
  })
}

if (chromium) {
  projects.push({
    extends: true,
    test: {
      name: 'pages',
      isolate: false,
      setupFiles: realTimers,
      include: [pageTest],
      exclude: [replicasTest, '**/node_modules/**'],
      testTimeout: 90_000,
      // Each process has a browser, and the tests of a file run at the same time in pages of it. Most of
      // them wait: with twelve pages two cores are busy, and none of the maps is too slow.
      maxWorkers: Math.max(3, Math.floor(cores / 2)),
      maxConcurrency: 4,
      sequence: { groupOrder: 1 },
    },
  })
  projects.push({
    extends: true,
    optimizeDeps: {
      include: [
        'maplibre-gl',
        'maplibre-gl-5',
        'maplibre-gl-4',
        'leaflet',
        'leaflet-2',
        'react',
        'react-dom/client',
        'vue',
      ],
    },
    test: {
      name: 'browser',
      include: [browserTest],
      exclude: ['**/node_modules/**'],
      api: { host: '127.0.0.1' },
      testTimeout: 60_000,
      fileParallelism: false,
      sequence: { groupOrder: 2 },
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: { executablePath: chromium, args: chromiumArgs } }),
        instances: [{ browser: 'chromium', viewport: { width: 800, height: 600 } }],
      },
    },
  })
}

export default defineConfig({
  resolve: { alias },
  test: {
    projects,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // By default vitest would leave a core free, and of two cores use one. Many tests wait.
    maxWorkers: Math.max(4, cores - 1),
    sequence: { sequencer: EvenShards },
  },
})
