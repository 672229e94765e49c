import { type Plugin, transformWithOxc } from 'vite'
import { compileScript, parse } from 'vue/compiler-sfc'
import { root } from '../repository.ts'
import { startVite } from '../servers/vite-server.ts'

/** What the plugin of Vue defines. */
const FLAGS = {
  __VUE_OPTIONS_API__: true,
  __VUE_PROD_DEVTOOLS__: false,
  __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
}

/** Compiles components as the plugin of Vue does, which is not installed here. */
const components: Plugin = {
  name: 'components',
  transform: async (code, id) => {
    if (!id.endsWith('.vue')) return
    const { descriptor } = parse(code, { filename: id })
    const { content } = compileScript(descriptor, { id: 'page', inlineTemplate: true })
    return (await transformWithOxc(content, `${id}.ts`)).code
  },
}

/**
 * Serves a folder with Vite, in front of a broker.
 *
 * @param paths What Vite passes on to the broker, with the Host of the page.
 * @returns The URL of its page.
 */
export async function serveProject(
  folder: string,
  broker: string,
  paths: readonly string[],
): Promise<string> {
  const to = { target: broker, changeOrigin: false }
  const origin = await startVite({
    root: folder,
    logLevel: 'error',
    plugins: [components],
    define: FLAGS,
    // Otherwise Vite finds them late, and loads the page again.
    optimizeDeps: {
      include: [
        'maplibre-gl',
        'leaflet',
        'react',
        'react-dom/client',
        'react-map-gl/maplibre',
        'vue',
      ],
    },
    server: {
      proxy: Object.fromEntries(paths.map((path) => [path, to])),
      fs: { allow: [folder, root] },
    },
  })
  return `${origin}/`
}
