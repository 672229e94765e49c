import { fileURLToPath } from 'node:url'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// Without `defineConfig`: Vite belongs to the repository, and is not a dependency of this package.
export default {
  root: at('.'),
  resolve: {
    // From source, so that `npm run dev` shows a change to a package at once.
    alias: {
      '@tilepass/core/download': at('../packages/core/src/download.ts'),
      '@tilepass/core/geotiff': at('../packages/core/src/geotiff.ts'),
      '@tilepass/core': at('../packages/core/src/index.ts'),
      '@tilepass/maplibre/control.css': at('../packages/maplibre/control.css'),
      '@tilepass/maplibre/control': at('../packages/maplibre/src/control.ts'),
      '@tilepass/maplibre': at('../packages/maplibre/src/index.ts'),
      '@tilepass/leaflet': at('../packages/leaflet/src/index.ts'),
    },
  },
  worker: { format: 'es' },
  build: {
    outDir: at('dist'),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      // Otherwise `npm start` prints a profile of the build on a slow machine.
      checks: { pluginTimings: false },
      input: [
        at('index.html'),
        at('maplibre/index.html'),
        at('leaflet/index.html'),
        at('side-by-side/index.html'),
        at('cog/index.html'),
      ],
    },
  },
}
