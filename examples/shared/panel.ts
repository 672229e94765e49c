import type { TokenManager, TokenState } from '@tilepass/core'
import { type DemoSource, requestToken } from './demo-source.ts'
import { createEventLog } from './event-log.ts'
import { addActions } from './panel-actions.ts'
import { createPanelView, type PanelView } from './panel-view.ts'
import { nextPlace } from './places.ts'
import { type Noun, plural } from './plural.ts'
import type { RunningMaps, Stage } from './stage.ts'
import { createTileCounts } from './tile-counts.ts'

/** Lifetime of the tokens on pages that show tiles, in ms. */
const TILES_LIFETIME = 15_000

const EXCHANGES: Noun = ['Exchange', 'Exchanges']
const TILES_LOADED: Noun = ['Tile loaded', 'Tiles loaded']
const TILES_FAILED: Noun = ['Tile failed', 'Tiles failed']

const LABELS: Record<TokenState, string> = {
  idle: 'No token yet',
  fresh: 'Token is fresh',
  renewing: 'Renewing the token',
  unavailable: 'Broker cannot be reached',
  denied: 'Access denied',
}

const RENEWAL = 'Renewed before it expires. Refused requests are repeated with a new token.'
const DETAILS: Record<TokenState, string> = {
  idle: 'The first request fetches one.',
  fresh: RENEWAL,
  renewing: RENEWAL,
  unavailable: 'What has loaded stays. The rest loads when the broker is back.',
  denied: 'Sign in, then retry.',
}

/** Differences between the pages' panels. */
export interface PanelOptions {
  /** Lifetime of the page's tokens, in ms; default 15 s. */
  readonly lifetime?: number
  /** What the panel counts; default: tiles. */
  readonly loaded?: Noun
  readonly missing?: Noun
  /** Texts of the panel's parts, by name. */
  readonly texts?: Readonly<Record<string, string>>
}

/** Access to the panel for the page's own elements. */
export interface Panel {
  /** Container for the page's own buttons. */
  readonly more: HTMLElement
  log(text: string): void
}

/** Shows the page's maps and the live panel beside them. */
export function showPanel(
  tokens: TokenManager,
  demo: DemoSource,
  stage: Stage,
  {
    lifetime = TILES_LIFETIME,
    loaded = TILES_LOADED,
    missing = TILES_FAILED,
    texts = {},
  }: PanelOptions = {},
): Panel {
  const root = document.querySelector<HTMLElement>('#panel')
  if (!root) throw new TypeError('the page has no #panel')
  const view = createPanelView(root)
  for (const [name, text] of Object.entries(texts)) view.write(name, text)
  const log = createEventLog(view.part('log'))
  const counts = createTileCounts()
  let maps: RunningMaps
  let expiresAt: number | undefined
  let stop = () => {}
  const look = () => maps.look?.(nextPlace())

  function startWith(): void {
    expiresAt = undefined
    maps = stage.withTilepass(counts)
    stop = followTokens(tokens, view, log)
    if (maps.look) return
    // Without a map nothing else asks for a token.
    for (const name of ['look', 'without']) view.part(name).toggleAttribute('disabled', true)
    void tokens.renew().catch(() => {})
  }

  async function startWithout(withoutTilepass: Without): Promise<void> {
    tokens.invalidate()
    const token = await fetchStaticToken()
    expiresAt = Date.now() + lifetime
    maps = withoutTilepass(token, counts)
    log('One token, fetched once')
    view.setLight('fresh', 'Static token', 'Without Tilepass: one token, fetched once')
    view.write('detail', 'Nothing renews this token. Wait until it expires, then move the map.')
    const timer = setTimeout(() => {
      view.setLight('expired', 'Token has expired', 'The token has expired. New tiles fail.')
      view.write('detail', 'The server answers every new tile request with 401.')
      log('Token expired: new tiles fail')
      look()
    }, lifetime + 1_500)
    stop = () => clearTimeout(timer)
  }

  addActions({ tokens, demo, view, log, look })
  const without = view.part('without')
  const { withoutTilepass } = stage
  if (!withoutTilepass) without.remove()
  let isSwitching = false
  without.addEventListener('click', async () => {
    if (isSwitching) return
    const isOn = without.getAttribute('aria-checked') !== 'true'
    without.setAttribute('aria-checked', String(isOn))
    for (const name of ['expire', 'corrupt', 'break'])
      view.part(name).toggleAttribute('disabled', isOn)
    stop()
    maps.remove()
    counts.reset()
    isSwitching = true
    if (isOn && withoutTilepass) await startWithout(withoutTilepass)
    else startWith()
    isSwitching = false
  })

  startWith()
  setInterval(() => {
    const end = expiresAt ?? tokens.peek()?.expiresAt
    view.setCountdown(end === undefined ? undefined : end - Date.now(), lifetime)
    const failed = demo.failures > 0 ? `, ${demo.failures} failed` : ''
    view.write('exchanges', String(demo.exchanges))
    view.write('exchanges-label', `${plural(demo.exchanges, EXCHANGES)}${failed}`)
    view.write('loaded', String(counts.loaded))
    view.write('loaded-label', plural(counts.loaded, loaded))
    const failures = counts.missing
    view.write('missing', String(failures))
    view.write('missing-label', plural(failures, missing))
    view.part('missing-box').classList.toggle('bad', failures > 0)
  }, 200)
  return { more: view.part('more'), log }
}

type Without = NonNullable<Stage['withoutTilepass']>

/** Fetches the only token of a page without Tilepass; resolves to an empty one if the broker fails. */
async function fetchStaticToken(): Promise<string> {
  try {
    const body: { access_token?: string } = await (await requestToken()).json()
    return body.access_token ?? ''
  } catch {
    return ''
  }
}

/** Shows a token manager's state. Screen readers do not announce successful renewals. */
function followTokens(
  tokens: TokenManager,
  view: PanelView,
  log: (text: string) => void,
): () => void {
  let announced: TokenState | undefined
  const show = (state: TokenState) => {
    const isNews = state !== 'renewing' && state !== announced
    if (isNews) announced = state
    view.setLight(state, LABELS[state], isNews ? LABELS[state] : undefined)
    // The broker's own reason, which may be none that signing in would mend.
    const isBad = state === 'unavailable' || state === 'denied'
    view.write('detail', (isBad && tokens.failure?.errorDescription) || DETAILS[state])
  }
  show(tokens.state)
  const listeners = [
    tokens.on('state', show),
    tokens.on('renewed', () => log('New token received')),
    tokens.on('error', ({ message }) => log(message)),
  ]
  return () => {
    for (const off of listeners) off()
  }
}
