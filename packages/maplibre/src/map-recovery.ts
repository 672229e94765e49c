import { redact } from '@tilepass/core'
import type { Tokens } from './choose-manager.ts'
import type { MapError, MapErrorEvent, MapInternals, Tile } from './maplibre-shapes.ts'
import { reloadSource, reloadTile } from './tile-recovery.ts'

/** What is remembered of the requests of all maps. */
export interface Requests {
  readonly managers: readonly Tokens[]
  managerOf(url: string): Tokens | undefined
  /** The URL that was asked for, without our protocol. */
  unwrap(url: string): string
  /** The token of each URL that went out with one, and the round in which it did. */
  readonly sent: Map<string, { token: string; round: number }>
  /** What a style's URL was before it was rewritten. */
  readonly styles: Map<string, string>
  /** Counts renewals. */
  round: number
}

/** Renewals in a row after which a refusal is reported, and causes no other while tiles are served. */
const ENOUGH = 2
/** Renewals in a row after which a refusal causes no other. */
const TOO_MUCH = 5

export interface Recovery {
  detach(): void
  /** What failed for want of a good token, and how to ask for it again when there is one. */
  readonly lost: Map<unknown, () => void>
}

/** Recovers what servers refuse to a map, until `detach()`. */
export function recoverMap(map: MapInternals, requests: Requests, onDetach: () => void): Recovery {
  const { managers, managerOf, unwrap, sent, styles } = requests
  const lost: Recovery['lost'] = new Map()
  const rounds = new WeakMap<object, Set<number>>()
  let served = true

  /** @returns whether it heals by itself, so that there is nothing to report. */
  function heal({ error, tile, sourceId = '' }: MapErrorEvent, url: string): boolean {
    const origin = sent.get(url)
    const { awaits } = error ?? {}
    const source = map.getSource(sourceId)
    // A token that has been replaced meanwhile, or never came, says nothing about what it was sent to.
    const counts = !awaits && (origin?.round ?? requests.round) === requests.round
    let worst = 0
    for (const key of [source ?? map, tile ?? source ?? map]) {
      const refused = rounds.get(key) ?? new Set()
      rounds.set(key, refused)
      if (counts) refused.add(requests.round)
      worst = Math.max(worst, refused.size)
    }
    if (tile) {
      const retry = () => reloadTile(map, sourceId, tile)
      // Tokens that others are served with are not to blame for long.
      if (origin && worst <= (served ? ENOUGH : TOO_MUCH)) {
        managerOf(unwrap(url))?.reject(origin.token)
        // At once: it waits in state `loading`, so that the map is not idle meanwhile.
        retry()
        return true
      }
      lost.set(tile, retry)
    } else if (source) lost.set(sourceId, () => reloadSource(map, sourceId))
    else {
      const style = styles.get(url)
      const before = map.style?.stylesheet
      lost.set(style ?? 'sprite', () => {
        if (!style) map.setSprite(map.getStyle().sprite)
        else if (map.style?.stylesheet === before) map.setStyle(style, { diff: !!before })
      })
    }
    return awaits || worst <= ENOUGH
  }

  const onError = Object.assign(
    async (event: MapErrorEvent) => {
      const { error } = event
      if (!error) return
      const alone = isAlone(map, onError)
      const { url, status = 0, body } = error
      const response = () => new Response(body ?? null, { status })
      const refusable = url !== undefined && status > 199
      const manager = refusable && managerOf(unwrap(url))
      if (manager) {
        const refused =
          (status === 401 && unwrap(url) !== url) || manager.isAuthFailure(url, response())
        // The mark tells other copies of this listener that the request is somebody's.
        event.tilepass =
          refused instanceof Promise
            ? refused.then((yes) => yes && heal(event, url))
            : refused && heal(event, url)
        clean(error, sent.get(url)?.token)
      }
      await undefined
      if (await event.tilepass) return
      if (refusable && event.tilepass === undefined) {
        for (const each of managers) void each.isAuthFailure(url, response())
      }
      if (alone) {
        clean(error)
        // biome-ignore lint/suspicious/noConsole: our listener must not silence MapLibre's own report
        console.error(error)
      }
    },
    { tilepass: true },
  )
  const onRenewed = () => {
    requests.round += 1
    served = false
    const retries = [...lost.values()]
    lost.clear()
    for (const retry of retries) retry()
  }
  const onData = ({ tile, sourceId }: { tile?: Tile; sourceId: string }) => {
    const source = tile && map.getSource(sourceId)
    if (!source) return
    rounds.delete(tile)
    rounds.delete(source)
    // Image sources have tiles that are no templates.
    served ||= Array.isArray(source.tiles) && source.tiles.some(managerOf)
  }

  const stops = managers.map((manager) => manager.on('renewed', onRenewed))
  const listeners = { error: onError, data: onData, remove: detach }
  for (const [type, listener] of Object.entries(listeners)) map.on(type, listener)
  // First in line, so that nobody sees an error before its URL is redacted.
  const all = map._listeners?.error
  if (all) all.unshift(...all.splice(-1))

  function detach() {
    for (const stop of stops) stop()
    for (const [type, listener] of Object.entries(listeners)) map.off(type, listener)
    onDetach()
  }
  return { detach, lost }
}

/** Takes the token out of an error, in place: every listener gets the same object. */
function clean(error: MapError, token = ''): void {
  for (const key of ['message', 'stack', 'url'] as const) {
    const text = error[key]
    if (text) error[key] = redact(text, token ? [token] : [])
  }
}

/** True when nobody but attachments of this plugin listens for errors, and this is the first of them. */
function isAlone({ _listeners, _oneTimeListeners }: MapInternals, listener: unknown): boolean {
  const listeners = _listeners?.error ?? []
  return (
    listeners[0] === listener &&
    listeners.every((each) => 'tilepass' in each) &&
    !_oneTimeListeners?.error?.length
  )
}
