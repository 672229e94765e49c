import { HTTPS } from './authorizers.ts'

/** A map with as much of MapLibre's `Evented` and of one raster source as the plugin uses. */
export function fakeMap() {
  const _listeners: Record<string, ((event: object) => void)[]> = {}
  const reloaded: string[] = []
  const tile = { state: 'errored', tileID: { key: 'k', canonical: { x: 0, y: 0, z: 0 } } }
  const map = {
    _listeners,
    on(type: string, listener: (event: never) => void) {
      _listeners[type] ??= []
      _listeners[type].push(listener as (event: object) => void)
    },
    off(type: string, listener: unknown) {
      _listeners[type] = (_listeners[type] ?? []).filter((each) => each !== listener)
    },
    getSource: (_id: string) => source,
    fire(type: string, event: object) {
      for (const listener of [...(_listeners[type] ?? [])]) listener(event)
    },
    style: {
      tileManagers: {
        source: {
          getTileByID: () => tile,
          _reloadTile: async (_key: string, state: string) => {
            reloaded.push(state)
          },
        },
      },
    },
  }
  const source = { type: 'raster', tiles: [`${HTTPS}{z}/{x}/{y}.png`] }
  const count = () => Object.values(_listeners).reduce((sum, list) => sum + list.length, 0)
  return { map, tile, reloaded, count }
}

/** The event of a tile or resource that a server refused. */
export const refusal = (url: string, more: object = {}) => ({
  error: Object.assign(new Error(`Unauthorized (401): ${url}`), { status: 401, url }),
  ...more,
})
