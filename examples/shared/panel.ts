import type { TokenManager, TokenState } from '@tilepass/core'
import { type DemoSource, requestToken } from './demo-source.ts'
import { createEventLog } from './event-log.ts'
import { createPanelView, type PanelView } from './panel-view.ts'
import { nextPlace } from './places.ts'
import type { RunningMaps, Stage } from './stage.ts'
import { createTileCounts } from './tile-counts.ts'

/** Lifetime of the grant of pages that show tiles, in ms. */
const TILES_LIFETIME = 15_000
/** Nobody waits longer for a token's end: it counts as expired at once, as if a server had said so, in ms. */
const PATIENCE = 20_000
/** How long an expired token is left so, before the next one may be fetched, in ms. */
const EXPIRED_FOR = 2_000

const WORDS: Record<TokenState, string> = {
  idle: 'No token yet',
  fresh: 'Token is fresh',
  renewing: 'Renewing the token',
  unavailable: 'Broker cannot be reached',
  denied: 'Broker refuses',
}

const KEPT_FRESH = 'Renewed ahead of its end; a refused request is made again.'
const DETAILS: Record<TokenState, string> = {
  idle: 'The first request asks for one.',
  fresh: KEPT_FRESH,
  renewing: KEPT_FRESH,
  unavailable: 'What is shown stays; the rest comes when the broker does.',
  denied: 'Asking again is useless until the reader acts.',
}

/** What a page's panel has that others have not. */
export interface PanelOptions {
  /** Lifetime of the page's tokens, in ms; default 15 s. */
  readonly lifetime?: number
  /** Texts of parts, by their names. */
  readonly texts?: Readonly<Record<string, string>>
}

/** What a page may add to its panel. */
export interface Panel {
  /** Where a page's own buttons go. */
  readonly more: HTMLElement
  log(text: string): void
}

/** Shows the page's maps and the live panel beside them. */
export function showPanel(
  tokens: TokenManager,
  demo: DemoSource,
  stage: Stage,
  { lifetime = TILES_LIFETIME, texts = {} }: PanelOptions = {},
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

  function startWith(): void {
    expiresAt = undefined
    maps = stage.withTilepass(counts)
    stop = followTokens(tokens, view, log)
  }

  async function startWithout(withoutTilepass: Without): Promise<void> {
    tokens.invalidate()
    const token = await fetchStaticToken()
    expiresAt = Date.now() + lifetime
    maps = withoutTilepass(token, counts)
    log('One token, fetched once')
    view.setLight('fresh', 'Static token', 'Without Tilepass: one token, fetched once')
    view.write('detail', 'Nothing renews it. Wait for its end, then move the map.')
    const timer = setTimeout(() => {
      view.setLight('expired', 'Expired for good', 'The token has expired. Tiles fail from now on.')
      view.write('detail', 'Every tile asked for from now on is answered with 401.')
      log('Expired: tiles fail from now on')
      maps.look(nextPlace())
    }, lifetime + 1_500)
    stop = () => clearTimeout(timer)
  }

  addActions({ tokens, demo, view, log, look: () => maps.look(nextPlace()) })
  const without = view.part('without')
  const { withoutTilepass } = stage
  if (!withoutTilepass) without.remove()
  let isSwitching = false
  without.addEventListener('click', async () => {
    if (isSwitching) return
    const isOn = without.getAttribute('aria-checked') !== 'true'
    without.setAttribute('aria-checked', String(isOn))
    for (const name of ['expire', 'spoil', 'break'])
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
    view.write('exchanges-label', `Exchanges${failed}`)
    view.write('loaded', String(counts.loaded))
    view.write('missing', String(counts.missing))
    view.part('missing-box').classList.toggle('bad', counts.missing > 0)
  }, 200)
  return { more: view.part('more'), log }
}

type Without = NonNullable<Stage['withoutTilepass']>

/** The one token of a page without Tilepass; an empty one when the broker does not answer. */
async function fetchStaticToken(): Promise<string> {
  try {
    const body: { access_token?: string } = await (await requestToken()).json()
    return body.access_token ?? ''
  } catch {
    return ''
  }
}

/** Shows a manager's state. A renewal that goes as it should is shown, but not read out. */
function followTokens(
  tokens: TokenManager,
  view: PanelView,
  log: (text: string) => void,
): () => void {
  let announced: TokenState | undefined
  const show = (state: TokenState) => {
    const isNews = state !== 'renewing' && state !== announced
    if (isNews) announced = state
    view.setLight(state, WORDS[state], isNews ? WORDS[state] : undefined)
    view.write('detail', DETAILS[state])
  }
  show(tokens.state)
  const listeners = [
    tokens.on('state', show),
    tokens.on('renewed', () => log('A new token')),
    tokens.on('error', ({ message }) => log(message)),
  ]
  return () => {
    for (const off of listeners) off()
  }
}

interface Actions {
  readonly tokens: TokenManager
  readonly demo: DemoSource
  readonly view: PanelView
  log(text: string): void
  look(): void
}

/** The buttons. What they do goes wrong in this page only. */
function addActions({ tokens, demo, view, log, look }: Actions): void {
  // What an exchange ends in shows in the panel, by the manager's own events.
  const renew = () => void tokens.renew().catch(() => {})

  view.part('look').addEventListener('click', look)

  const expire = view.part('expire')
  expire.addEventListener('click', () => {
    const held = tokens.peek()
    if (!held || expire.getAttribute('aria-pressed') === 'true') return
    expire.setAttribute('aria-pressed', 'true')
    const left = held.expiresAt - Date.now()
    const wait = left > PATIENCE ? 0 : left
    if (wait > 0) log('No renewal until it has expired')
    demo.holdUntil(Date.now() + wait + EXPIRED_FOR)
    setTimeout(() => {
      if (wait === 0) tokens.reject(held.value)
      log('Expired: requests wait for the next token')
      expire.setAttribute('aria-pressed', 'false')
      look()
    }, wait)
  })

  view.part('spoil').addEventListener('click', () => {
    demo.spoilNext()
    log('Spoiled: the server will refuse it')
    void tokens.renew().then(look, () => {})
  })

  const breaker = view.part('break')
  breaker.addEventListener('click', () => {
    demo.broken = !demo.broken
    breaker.setAttribute('aria-pressed', String(demo.broken))
    view.write('break', demo.broken ? 'Mend the broker' : 'Break the broker')
    log(demo.broken ? 'The broker is broken' : 'The broker is mended')
    renew()
  })
}
