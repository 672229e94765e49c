import { rmSync, writeFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { build, type Plugin } from 'vite'
import { root } from '../repository.ts'
import { createProject, type Snippet } from '../snippets.ts'

/** The origin of tiles in the documentation. */
const DOCUMENTED = 'https://tiles.example.com'

/** A page that runs recipes of the documentation. */
export interface RecipePage {
  /** Name of a module in `test/recipes`. It imports each recipe from `recipe:<name>`. */
  readonly module: string
  /** The snippets, by name. They may use the global `tokens`. */
  readonly recipes: Readonly<Record<string, Snippet>>
  /** Folder whose packages the page and its recipes import. Default: `test`. */
  readonly packages?: string
}

/**
 * Bundles a page with the text of its recipes, as a project with Vite does.
 *
 * @returns Makes its HTML, with the tiles on the given origin.
 */
export async function bundleRecipes({
  module,
  recipes,
  packages = 'test',
}: RecipePage): Promise<(tiles: string) => string> {
  const folder = createProject()
  const files = new Map<string, string>()
  for (const [name, { code, language }] of Object.entries(recipes)) {
    const file = join(folder, `${name}.${language}`)
    writeFileSync(file, code)
    files.set(`recipe:${name}`, file)
  }
  const resolver: Plugin = {
    name: 'recipes',
    enforce: 'pre',
    resolveId(id, importer) {
      const isOurs = importer && !importer.includes('node_modules') && !importer.includes('/dist/')
      if (files.has(id)) return files.get(id)
      if (!isOurs || id.startsWith('.') || id.startsWith('\0') || isAbsolute(id)) return
      return this.resolve(id, join(root, packages, 'page.ts'), { skipSelf: true })
    },
  }
  try {
    const result = await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      plugins: [resolver],
      build: {
        write: false,
        minify: false,
        target: 'es2022',
        rolldownOptions: {
          input: join(root, 'test/recipes', module),
          output: { codeSplitting: false },
        },
      },
    })
    const { output } = (Array.isArray(result) ? result[0] : result) as Extract<
      typeof result,
      { output: unknown }
    >
    const script = output.map((file) => (file.type === 'chunk' ? file.code : '')).join('')
    const styles = output.map((file) =>
      file.type === 'asset' && file.fileName.endsWith('.css') ? String(file.source) : '',
    )
    return (tiles) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>html,body,#map{margin:0;height:100%}${styles.join('')}</style><div id="map"></div>
<script type="module">${script.replaceAll('</script', '<\\/script').replaceAll(DOCUMENTED, tiles)}</script>`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
