import type { TokenManager } from '@tilepass/core'

/** What the control needs of a token manager. */
export type ControlledTokens = Pick<TokenManager, 'state' | 'on' | 'renew'>

/** Every text of the control. */
export interface TokenControlLabels {
  /** No token comes, and the manager goes on asking. */
  unavailable: string
  /** The broker refuses: somebody must act. */
  denied: string
  /** It works again; said to screen readers, not shown. */
  restored: string
  /** The button that asks at once. */
  retry: string
}

/** Options of {@link TokenControl}. */
export interface TokenControlOptions {
  /** Texts in the language of the page; default English. */
  readonly labels?: Partial<TokenControlLabels>
}

const ENGLISH: TokenControlLabels = {
  unavailable: 'Private map data cannot be loaded at the moment. Trying again.',
  denied: 'You have no access to the private data of this map.',
  restored: 'Private map data can be loaded again.',
  retry: 'Try again',
}

type Shown = 'unavailable' | 'denied' | undefined

/**
 * A control for `map.addControl` that tells when there is no token. It is out of sight while all is
 * well, and announces changes of state as a status message (WCAG 2.2, 4.1.3). Its look is in
 * `@tilepass/maplibre/control.css`.
 */
export class TokenControl {
  readonly #managers: readonly ControlledTokens[]
  readonly #labels: TokenControlLabels
  #remove: (() => void) | undefined

  /** @param tokens One manager or several; the worst state among them is shown. */
  constructor(
    tokens: ControlledTokens | readonly ControlledTokens[],
    { labels = {} }: TokenControlOptions = {},
  ) {
    this.#managers = 'renew' in tokens ? [tokens] : tokens
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
    // A live region speaks only if it was there, and rendered, before its text.
    status.setAttribute('role', 'status')
    status.dir = 'auto'
    button.type = 'button'
    button.textContent = labels.retry
    button.addEventListener('click', () => {
      // What comes of it shows in the state.
      for (const each of managers) if (isBad(each)) each.renew().catch(() => {})
    })
    root.append(status, button)

    let shown: Shown
    const troubled = new Set<ControlledTokens>()
    const isBad = (each: ControlledTokens) => each.state === 'denied' || troubled.has(each)
    const update = () => {
      for (const each of managers) {
        // An attempt under way changes nothing yet: saying so at each would never end.
        if (each.state === 'unavailable') troubled.add(each)
        else if (each.state !== 'renewing') troubled.delete(each)
      }
      const next: Shown = managers.some(({ state }) => state === 'denied')
        ? 'denied'
        : troubled.size > 0
          ? 'unavailable'
          : managers.some(({ state }) => state === 'renewing') && shown === 'denied'
            ? 'denied'
            : undefined
      root.dataset.state = next ?? 'well'
      if (!next && button === document.activeElement) map.getCanvas().focus()
      button.hidden = !next
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
