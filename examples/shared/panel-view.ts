/** States of the panel's light. `expired` is a token that nothing renews. */
export type Light = 'idle' | 'fresh' | 'renewing' | 'unavailable' | 'denied' | 'expired'

const MARKUP = `
  <div class="panel-head">
    <p class="light"><span class="dot" aria-hidden="true"></span><strong data-part="state"></strong></p>
    <p class="countdown" aria-hidden="true"><span data-part="seconds">–</span></p>
    <div class="bar" aria-hidden="true"><div data-part="bar"></div></div>
    <p class="detail" data-part="detail"></p>
    <p class="visually-hidden" role="status" data-part="status"></p>
  </div>
  <dl class="figures">
    <div><dt data-part="exchanges-label">Exchanges</dt><dd data-part="exchanges">0</dd></div>
    <div><dt data-part="loaded-label">Tiles loaded</dt><dd data-part="loaded">0</dd></div>
    <div data-part="missing-box"><dt data-part="missing-label">Tiles failed</dt><dd data-part="missing">0</dd></div>
  </dl>
  <div class="actions">
    <button type="button" data-part="look">Move the map</button>
    <button type="button" data-part="expire" aria-pressed="false">Let it expire</button>
    <button type="button" data-part="corrupt">Corrupt the token</button>
    <button type="button" data-part="break" aria-pressed="false">Break the broker</button>
  </div>
  <div class="more" data-part="more" hidden></div>
  <button type="button" class="switch" role="switch" aria-checked="false" data-part="without">
    <span class="track" aria-hidden="true"></span>
    <span><strong>Without Tilepass</strong><small>One token, fetched once and never renewed</small></span>
  </button>
  <section class="log"><h2>Events</h2><ol data-part="log"></ol></section>
`

/** The panel's elements, and the changes that the page makes to them. */
export interface PanelView {
  part(name: string): HTMLElement
  /** Sets an element's text. Writes to the page only if the text is different. */
  write(name: string, text: string): void
  /** @param announcement Text for screen readers; left out, they announce nothing. */
  setLight(light: Light, label: string, announcement?: string): void
  /** @param remaining Milliseconds until the token expires; undefined if there is none. */
  setCountdown(remaining: number | undefined, lifetime: number): void
}

/** Fills the page's `#panel`. */
export function createPanelView(root: HTMLElement): PanelView {
  root.innerHTML = MARKUP
  const parts = new Map<string, HTMLElement>()
  for (const element of root.querySelectorAll<HTMLElement>('[data-part]'))
    parts.set(element.dataset.part ?? '', element)

  const view: PanelView = {
    part(name) {
      const element = parts.get(name)
      if (!element) throw new TypeError(`the panel has no part "${name}"`)
      return element
    },
    write(name, text) {
      const element = view.part(name)
      if (element.textContent !== text) element.textContent = text
    },
    setLight(light, label, announcement) {
      root.dataset.light = light
      view.write('state', label)
      if (announcement) view.write('status', announcement)
    },
    setCountdown(remaining, lifetime) {
      const share = remaining === undefined ? 0 : Math.min(1, Math.max(0, remaining / lifetime))
      view.part('bar').style.transform = `scaleX(${share.toFixed(3)})`
      const seconds = Math.max(0, Math.ceil((remaining ?? 0) / 1000))
      view.write('seconds', remaining === undefined ? '–' : `${seconds} s`)
    },
  }
  return view
}
