import type { TokenStatus } from '@tilepass/core'

/** The texts of the control. */
export interface TokenControlLabels {
  /** There is no token, and the manager keeps trying. */
  unavailable: string
  /** The token endpoint refuses: the user must act. */
  denied: string
  /** Tokens are available again; announced to screen readers, not shown. */
  restored: string
  /** The button that tries at once. */
  retry: string
}

/** Options of {@link TokenControl}. */
export interface TokenControlOptions {
  /** Texts in the language of the page; default English. */
  readonly labels?: Partial<TokenControlLabels>
}

const ENGLISH: TokenControlLabels = {
  unavailable: 'Private map data cannot be loaded. Trying again.',
  denied: 'You have no access to private data on this map.',
  restored: 'Private map data can be loaded again.',
  retry: 'Try again',
}

type Shown = 'unavailable' | 'denied' | undefined

/**
 * A control for `map.addControl` that says when there is no token. It is hidden while tokens are available,
 * and announces changes as status messages (WCAG 2.2, 4.1.3). The reason that the token endpoint gives is
 * the tooltip of the message. Its styles are in
 * `@tilepass/maplibre/control.css`.
 */
export class TokenControl {
  readonly #managers: readonly TokenStatus[]
  readonly #labels: TokenControlLabels
  #remove: (() => void) | undefined

  /** @param tokens One manager or several; the worst of their states is shown. */
  constructor(
    tokens: TokenStatus | readonly TokenStatus[],
    { labels = {} }: TokenControlOptions = {},
  ) {
    this.#managers = [tokens].flat()
    this.#labels = { ...ENGLISH, ...labels }
  }

  getDefaultPosition(): 'top-left' {
    return 'top-left'
  }

  onAdd(map: { getCanvas(): HTMLElement }): HTMLElement {
    this.onRemove()
    const managers = this.#managers
    const labels = this.#labels
    const root = document.createElement('div')
    const status = document.createElement('div')
    const button = document.createElement('button')
    root.className = 'maplibregl-ctrl tilepass-control'
    // A live region is read out only if it was in the page, and rendered, before its text.
    status.setAttribute('role', 'status')
    status.dir = 'auto'
    button.type = 'button'
    button.textContent = labels.retry
    button.addEventListener('click', () => {
      // The outcome shows in the state.
      for (const each of managers) if (isBad(each)) each.renew().catch(() => {})
    })
    root.append(status, button)

    let shown: Shown
    const troubled = new Set<TokenStatus>()
    const isBad = (each: TokenStatus) => each.state === 'denied' || troubled.has(each)
    const update = () => {
      for (const each of managers) {
        // A running attempt changes nothing yet: announcing each one would never end.
        if (each.state === 'unavailable') troubled.add(each)
        else if (each.state !== 'renewing') troubled.delete(each)
      }
      const next = worstOf(managers, troubled.size > 0, shown)
      root.dataset.state = next ?? 'well'
      if (!next && button === document.activeElement) map.getCanvas().focus()
      button.hidden = !next
      // For the developer or operator: the endpoint's own words, which are in one language.
      const bad = managers.find(({ state }) => state === next)
      if (!next || bad) status.title = bad?.failure?.message ?? ''
      if (next !== shown) status.textContent = next ? labels[next] : labels.restored
      shown = next
    }
    update()
    const stops = managers.map((each) => each.on('state', update))
    this.#remove = () => {
      for (const stop of stops) stop()
      root.remove()
    }
    return root
  }

  onRemove(): void {
    this.#remove?.()
    this.#remove = undefined
  }
}

/** What to show for several managers. An attempt that follows a denial does not hide the denial. */
function worstOf(managers: readonly TokenStatus[], isUnavailable: boolean, shown: Shown): Shown {
  const states = managers.map(({ state }) => state)
  if (states.includes('denied')) return 'denied'
  if (isUnavailable) return 'unavailable'
  return shown === 'denied' && states.includes('renewing') ? 'denied' : undefined
}
