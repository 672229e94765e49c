import { type CoveredUrl, createRepeats, type Tokens } from '@tilepass/core'
import { findCoveredUrl } from './find-covered-url.ts'
import { isUnheard, redactError } from './map-errors.ts'
import type {
  MapDataEvent,
  MapErrorEvent,
  MapInternals,
  MapSource,
  RequestParameters,
  Tile,
} from './maplibre-shapes.ts'
import { createRefusalCounts } from './refusal-counts.ts'
import { findSource, planReload, reloadTile } from './reload.ts'

/** A request that MapLibre was told to make; without token and time if it uses the waiting protocol. */
export type SentRequest = readonly [
  covered: CoveredUrl | undefined,
  token?: string | undefined,
  /** Milliseconds on the steady clock. */
  departedAt?: number | undefined,
  /** What the application's own transform promised, until the waiting protocol takes it. */
  own?: Promise<RequestParameters>,
]

/** By tile, source or URL: how to request again what was not served, and after how many renewals. */
export type Postponed = Map<
  unknown,
  readonly [renewals: number, retry: () => void, isUnanswered?: boolean | undefined]
>

/** What version 4 says of a tile without an answer, in the words of each browser. */
const HUSHED = /fetch|load failed/i

/** Options of {@link recoverMap}. */
export interface MapRecoveryOptions {
  readonly map: MapInternals
  readonly managers: readonly Tokens[]
  readonly sent: ReadonlyMap<string, SentRequest>
  /** Requests that wait for a token. They outlive this attachment. */
  readonly postponed: Postponed
  /** The request, by the URL that MapLibre was told. A forgotten one is found without its token. */
  find(url: string): Partial<SentRequest>
  /** Whether a refused tile of the rule may reject a token: it is known that no other server answers, after a redirect. */
  mayReject(covered: CoveredUrl): boolean
  /** Runs a reload of a tile so that its answer is read. */
  reread(reload: () => void): void
  /** The attachments by map; this one removes itself. */
  readonly attached: Map<MapInternals, () => void>
}

/** Requests again what servers refuse to a map, and prints errors that persist. @returns Detaches. */
export function recoverMap({
  map,
  managers,
  sent,
  postponed,
  find,
  mayReject,
  reread,
  attached,
}: MapRecoveryOptions): () => void {
  /** Tiles that could not be decoded, and were requested again. */
  const reloaded = new WeakSet<Tile>()
  const repeats = createRepeats()

  const counts = createRefusalCounts((isRenewal) => {
    const waiting = [...postponed]
    const repeatsNow = repeats(
      !!isRenewal && waiting.some(([, [, , isUnanswered]]) => isUnanswered),
    )
    for (const [key, [renewals, retry, isUnanswered]] of waiting) {
      if (isUnanswered && !repeatsNow) continue
      if (renewals > 1) postponed.set(key, [renewals - 1, retry])
      else {
        postponed.delete(key)
        retry()
      }
    }
  })

  /** The first rule for tiles of a source. */
  const findTileRule = (source: MapSource | undefined) => {
    // Image and GeoJSON sources have tiles as well, but no URL templates.
    const tiles = source?.tiles
    return Array.isArray(tiles) ? findCoveredUrl(managers, tiles[0] ?? '') : undefined
  }

  /** The latest request by the rule for tiles of a source. */
  const findLatest = (source: MapSource | undefined) => {
    const prefix = findTileRule(source)?.prefix
    let latest: CoveredUrl | undefined
    for (const [covered] of sent.values()) if (covered?.prefix === prefix) latest = covered
    return latest
  }

  /** Whether a refusal may look like a tile. */
  const readsAnswers = () => [...sent.values()].some(([covered]) => covered?.readsAnswers)

  const onError = Object.assign(
    async (event: MapErrorEvent) => {
      const { error, tile, sourceId = '' } = event
      if (!error) return
      const isAlone = isUnheard(map, onError)
      const { url = '', status, body, noToken } = error
      redactError(
        error,
        Array.from(sent.values(), ([, token]) => token),
      )
      const [covered, token, departedAt] = url ? find(url) : []
      const source = findSource(map, sourceId)
      const owner = source ?? map
      const retry = tile
        ? () => reloadTile(map, sourceId, tile)
        : planReload(map, sourceId, covered?.url ?? '', url.split('#')[1])
      const key = tile ?? (sourceId || url)
      const postpone = (renewals: number, isUnanswered?: boolean) =>
        postponed.set(key, [renewals, retry, isUnanswered])

      // The mark tells other attachments of this plugin that the request is not theirs.
      if (covered && status) {
        /** @returns whether the request recovers by itself, so that there is nothing to print. */
        const recover = () => {
          if (tile && token && !mayReject(covered)) {
            // The protocol sees who refuses.
            reread(retry)
            return true
          }
          const [renewals, reports, rejects] = counts.refuse(owner, tile, departedAt, noToken)
          if (rejects) covered.reject(token as string)
          if (renewals) postpone(renewals)
          else retry()
          return !reports
        }
        // The waiting protocol has asked isAuthFailure() already, and turned each refusal into a 401.
        const refused =
          token || covered.url === url
            ? covered.isAuthFailure(new Response(body, { status }))
            : status === 401
        event.tilepass =
          refused instanceof Promise
            ? refused.then((yes) => yes && recover())
            : refused && recover()
      } else if (tile && !url && !reloaded.has(tile) && readsAnswers()) {
        // It could not be decoded: perhaps it is a refusal with the status of a tile.
        reloaded.add(tile)
        reread(retry)
        return
      } else {
        const isHushed = tile && !url && HUSHED.test(error.message)
        const unanswered = status === 0 ? covered : isHushed && findLatest(source)
        if (unanswered) {
          event.tilepass = false
          if (counts.miss(tile ?? owner)) postpone(1, true)
          const asked = token ?? unanswered.authorizeNow()?.token
          if (asked)
            void unanswered.noAnswer(asked).then(() => {
              // Another token is in hand, or will be.
              if (unanswered.authorizeNow()?.token !== asked && postponed.delete(key)) retry()
            })
        }
      }
      await undefined
      if (await event.tilepass) return
      if (url && event.tilepass === undefined) {
        for (const each of managers) each.reportUncovered(url, status ?? 0)
      }
      // biome-ignore lint/suspicious/noConsole: our listener must not silence MapLibre's own report
      if (isAlone) console.error(error)
    },
    { tilepass: true },
  )

  const onData = ({ tile, sourceId, sourceDataType }: MapDataEvent) => {
    const source = findSource(map, sourceId)
    if (source && sourceDataType === 'content') counts.load(source)
    if (!tile || !source) return
    reloaded.delete(tile)
    const covered = findTileRule(source)
    covered?.served()
    counts.serve(tile, source, !!covered)
  }

  const stops = managers.map((manager) => manager.on('renewed', counts.renew))
  const listeners = Object.entries({
    error: onError,
    data: onData,
    remove: detach,
    // A new style does not need what the previous one lacked.
    'style.load': () => postponed.clear(),
  })
  for (const [type, listener] of listeners) map.on(type, listener)
  // First in line, so that other listeners get errors redacted.
  const all = map._listeners?.error
  if (all) all.unshift(...all.splice(-1))

  function detach() {
    for (const stop of stops) stop()
    for (const [type, listener] of listeners) map.off(type, listener)
    attached.delete(map)
  }
  return detach
}
