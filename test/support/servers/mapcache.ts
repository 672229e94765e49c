import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findProgram } from '../../../scripts/gateways.mjs'
import { type Gateways, startUpstream } from './gateways.ts'

/** A tile that MapCache serves, in rows from the north. Its file says its name. */
export interface CachedTile {
  readonly tileset: string
  readonly z: number
  readonly x: number
  readonly y: number
}

/** The text in a tile's file. */
export function toLabel({ tileset, z, x, y }: CachedTile): string {
  return `tile of ${tileset} at ${z}/${x}/${y}.`
}

/**
 * Starts a web server that runs MapCache as a CGI program, with these tiles on disk.
 *
 * @returns `host:port`.
 */
export async function startMapCache(
  gateways: Gateways,
  tiles: readonly CachedTile[],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-mapcache-'))
  gateways.add(() => rmSync(folder, { recursive: true, force: true }))
  const configuration = join(folder, 'mapcache.xml')
  writeFileSync(configuration, toConfiguration(folder, new Set(tiles.map((tile) => tile.tileset))))
  for (const tile of tiles) {
    const file = join(folder, tile.tileset, `${tile.z}/${tile.x}/${tile.y}.png`)
    mkdirSync(dirname(file), { recursive: true })
    // MapCache looks at the first bytes only.
    writeFileSync(file, `\x89PNG\r\n\x1a\n${toLabel(tile)}`, 'latin1')
  }
  return startUpstream(gateways, async (request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s)
    const answer = await runCgi({
      MAPCACHE_CONFIG_FILE: configuration,
      REQUEST_METHOD: 'GET',
      SERVER_NAME: '127.0.0.1',
      SERVER_PORT: '80',
      SCRIPT_NAME: '',
      PATH_INFO: decodeURIComponent(path),
      QUERY_STRING: query,
    })
    const [head = '', body = ''] = answer.split(/\r?\n\r?\n(.*)/s)
    response.statusCode = Number(/^Status: (\d+)/m.exec(head)?.[1] ?? 200)
    response.end(body, 'latin1')
  })
}

function runCgi(env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const program = findProgram('mapcache') ?? 'mapcache'
    const options = { env, encoding: 'latin1' } as const
    execFile(program, options, (error, stdout) => (error ? reject(error) : resolve(stdout)))
  })
}

function toConfiguration(folder: string, tilesets: ReadonlySet<string>): string {
  const list = [...tilesets].map(
    (name) => `<tileset name="${name}"><cache>disk</cache><grid>GoogleMapsCompatible</grid>
      <grid>WGS84</grid><format>PNG</format></tileset>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
    <mapcache>
      <cache name="disk" type="disk" layout="template">
        <template>${folder}/{tileset}/{z}/{x}/{inv_y}.png</template>
      </cache>
      ${list.join('')}
      <service type="wmts" enabled="true"/>
      <service type="tms" enabled="true"/>
    </mapcache>`
}
