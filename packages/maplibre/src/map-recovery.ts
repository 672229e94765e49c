import { redact } from '@tilepass/core'
import type { Tokens } from './choose-manager.ts'
import type { MapError, MapErrorEvent, MapInternals, Tile } from './maplibre-shapes.ts'
import { planReload, reloadTile } from './reload.ts'

/** The token of each URL that went out with one, and when (ms on the steady clock). */
export type Sent = Map<string, readonly [token: string, at: number]>

/** Renewals in a row after which a refusal is reported, and causes no other while tiles are served. */
const ENOUGH = 2
/** Renewals in a row after which a refusal causes no other. */
const TOO_MUCH = 5

/** What failed for want of a good token, and how to ask for it again when there is one. */
export type Lost = Map<unknown, () => unknown>

/** Recovers what servers refuse to a map, into `lost` where it must wait. @returns Ends that. */
export function recoverMap(
  map: MapInternals,
  managers: readonly Tokens[],
  managerOf: (url: string) => Tokens | undefined,
  unwrap: (url: string) => string,
  sent: Sent,
  lost: Lost,
  onDetach: () => void,
): () => void {
  const refusals = new WeakMap<object, Set<number>>()
  /** Counts renewals. */
  let round = 0
  /** The last round in which a tile has come. */
  let servedAt = 0
  /** When the present token came, or the first tile with it. */
  let since = 0

  /** @returns whether it heals by itself, so that there is nothing to report. */
  function heal(
    { tile, sourceId = '' }: MapErrorEvent,
    url: string,
    awaits: boolean | undefined,
  ): boolean {
    const [token, at = since] = sent.get(url) ?? []
    // A token that never came, was replaced meanwhile, or has served others since, is not to blame.
    const late = at < since
    const source = map.getSource(sourceId)
    let worst = 0
    let first = round
    for (const key of [source ?? map, tile ?? source ?? map]) {
      const refused = refusals.get(key) ?? new Set()
      refusals.set(key, refused)
      // Nothing tells that what is no tile has come at last, but that it was asked for and not refused.
      const [last = round] = [...refused].slice(-1)
      if (!tile && round - last > 2 ** refused.size + 3) refused.clear()
      if (!awaits && !late) refused.add(round)
      worst = Math.max(worst, refused.size)
      // What is no tile is asked for again only with the next token: others may have come in between.
      if (!tile) [first = round] = refused
    }
    const excess = late || awaits ? 0 : worst - (servedAt < first ? TOO_MUCH : ENOUGH)
    const retry = tile
      ? () => reloadTile(map, sourceId, tile)
      : planReload(map, sourceId, unwrap(url), url.split('#')[1])
    if (tile && token && excess <= 0) {
      if (!late) managerOf(unwrap(url))?.reject(token)
      // At once: it waits in state `loading`, so that the map is not idle meanwhile.
      retry()
      return true
    }
    // What is no tile rejects a token, be it good, whenever it is asked for again: so ever more seldom.
    let pause = tile || excess <= 0 ? 0 : 2 ** excess
    const key = tile ?? (sourceId || url)
    const retryInTurn = () => (pause-- > 0 ? lost.set(key, retryInTurn) : retry())
    lost.set(key, retryInTurn)
    return awaits || worst <= ENOUGH
  }

  const onError = Object.assign(
    async (event: MapErrorEvent) => {
      const { error } = event
      if (!error) return
      const alone = isAlone(map, onError)
      const { url = '', status = 0, body, awaits } = error
      clean(error, new Set(Array.from(sent.values(), ([token]) => token)))
      const response = url && status > 199 ? new Response(body ?? null, { status }) : undefined
      const manager = response && managerOf(unwrap(url))
      if (manager) {
        const refused =
          (status === 401 && unwrap(url) !== url) || manager.isAuthFailure(url, response)
        // The mark tells other copies of this listener that the request is somebody's.
        event.tilepass =
          refused instanceof Promise
            ? refused.then((yes) => yes && heal(event, url, awaits))
            : refused && heal(event, url, awaits)
      }
      await undefined
      if (await event.tilepass) return
      if (response && event.tilepass === undefined) {
        for (const each of managers) void each.isAuthFailure(url, response)
      }
      // biome-ignore lint/suspicious/noConsole: our listener must not silence MapLibre's own report
      if (alone) console.error(error)
    },
    { tilepass: true },
  )
  const turn = () => {
    since = performance.now()
    const retries = [...lost.values()]
    lost.clear()
    for (const retry of retries) retry()
  }
  const onData = ({ tile, sourceId }: { tile?: Tile; sourceId: string }) => {
    const source = tile && map.getSource(sourceId)
    if (!source) return
    refusals.delete(tile)
    // Image and GeoJSON sources have tiles that are no templates, and empty ones while they are refused.
    if (!Array.isArray(source.tiles)) return
    refusals.delete(source)
    if (servedAt < round && source.tiles.some(managerOf)) {
      servedAt = round
      turn()
    }
  }

  const stops = managers.map((manager) =>
    manager.on('renewed', () => {
      round += 1
      turn()
    }),
  )
  const listeners = {
    error: onError,
    data: onData,
    remove: detach,
    // What a former style has lost, a new one does not miss.
    'style.load': () => lost.clear(),
  }
  for (const [type, listener] of Object.entries(listeners)) map.on(type, listener)
  // First in line, so that nobody sees an error before it is redacted.
  const all = map._listeners?.error
  if (all) all.unshift(...all.splice(-1))

  function detach() {
    for (const stop of stops) stop()
    for (const [type, listener] of Object.entries(listeners)) map.off(type, listener)
    onDetach()
  }
  return detach
}

/** Takes tokens out of an error, in place: every listener gets the same object. */
function clean(error: MapError, tokens: Iterable<string>): void {
  for (const key of ['message', 'stack', 'url'] as const) {
    const text = error[key]
    if (text) error[key] = redact(text, tokens)
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
