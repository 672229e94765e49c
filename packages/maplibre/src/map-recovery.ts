import type { CoveredUrl, Tokens } from '@tilepass/core'
import { findCoveredUrl } from './find-covered-url.ts'
import { isUnheard, redactError } from './map-errors.ts'
import type { MapErrorEvent, MapInternals, Tile } from './maplibre-shapes.ts'
import { createRefusalCounts } from './refusal-counts.ts'
import { planReload, reloadTile } from './reload.ts'

/** A request that MapLibre was told to make; without token and time if it uses the waiting protocol. */
export type SentRequest = readonly [
  covered: CoveredUrl | undefined,
  token: string | undefined,
  /** Milliseconds on the steady clock. */
  departedAt: number | undefined,
]

/** By tile, source or URL: how to request again what was refused, and after how many renewals. */
export type Postponed = Map<unknown, readonly [renewals: number, retry: () => void]>

/** Options of {@link recoverMap}. */
export interface MapRecoveryOptions {
  readonly map: MapInternals
  readonly managers: readonly Tokens[]
  readonly sent: ReadonlyMap<string, SentRequest>
  /** Requests that wait for a token. They outlive this attachment. */
  readonly postponed: Postponed
  /** The request, by the URL that MapLibre was told. A forgotten one is found without its token. */
  find(url: string): Partial<SentRequest>
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
  attached,
}: MapRecoveryOptions): () => void {
  const counts = createRefusalCounts(() => {
    for (const [key, [renewals, retry]] of [...postponed]) {
      if (renewals > 1) postponed.set(key, [renewals - 1, retry])
      else {
        postponed.delete(key)
        retry()
      }
    }
  })

  const onError = Object.assign(
    async (event: MapErrorEvent) => {
      const { error, tile, sourceId = '' } = event
      if (!error) return
      const isAlone = isUnheard(map, onError)
      const { url = '', status = 0, body, noToken } = error
      redactError(
        error,
        Array.from(sent.values(), ([, token]) => token),
      )
      const [covered, token, departedAt] = url && status > 199 ? find(url) : []
      if (covered) {
        /** @returns whether the request recovers by itself, so that there is nothing to print. */
        const recover = () => {
          const owner = map.getSource(sourceId) ?? map
          const [renewals, reports, rejects] = counts.refuse(owner, tile, departedAt, noToken)
          const retry = tile
            ? () => reloadTile(map, sourceId, tile)
            : planReload(map, sourceId, covered.url, url.split('#')[1])
          if (rejects) covered.reject(token as string)
          if (renewals) postponed.set(tile ?? (sourceId || url), [renewals, retry])
          else retry()
          return !reports
        }
        // The waiting protocol has asked isAuthFailure() already, and turned each refusal into a 401.
        const refused =
          token || covered.url === url
            ? covered.isAuthFailure(new Response(body, { status }))
            : status === 401
        // The mark tells other attachments of this plugin that the request is not theirs.
        event.tilepass =
          refused instanceof Promise
            ? refused.then((yes) => yes && recover())
            : refused && recover()
      }
      await undefined
      if (await event.tilepass) return
      if (url && event.tilepass === undefined) {
        for (const each of managers) each.reportUncovered(url, status)
      }
      // biome-ignore lint/suspicious/noConsole: our listener must not silence MapLibre's own report
      if (isAlone) console.error(error)
    },
    { tilepass: true },
  )

  const onData = ({ tile, sourceId }: { tile?: Tile; sourceId: string }) => {
    const source = tile && map.getSource(sourceId)
    if (source) counts.serve(tile, source, (url) => findCoveredUrl(managers, url))
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
