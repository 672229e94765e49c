/** States of the panel's light. `expired` is a token that nothing renews. */
export type Light = 'idle' | 'fresh' | 'renewing' | 'unavailable' | 'denied' | 'expired'

/** The markup of a button that says what it does. */
const action = (name: string, label: string, hint: string) => `
  <button type="button" class="action" data-part="${name}">
    <strong data-part="${name}-label">${label}</strong> <small data-part="${name}-hint">${hint}</small>
  </button>`

const MARKUP = `
  <div class="panel-head">
    <p class="light"><span class="dot" aria-hidden="true"></span><strong data-part="state"></strong></p>
    <p class="countdown" aria-hidden="true"><span data-part="seconds">–</span></p>
    <div class="bar" aria-hidden="true"><div data-part="bar"></div></div>
    <p class="detail" data-part="detail"></p>
    <p class="visually-hidden" role="status" data-part="status"></p>
  </div>
  <dl class="figures">
    <div><dt data-part="exchanges-label"></dt><dd data-part="exchanges">0</dd></div>
    <div><dt data-part="loaded-label"></dt><dd data-part="loaded">0</dd></div>
    <div data-part="missing-box"><dt data-part="missing-label"></dt><dd data-part="missing">0</dd></div>
  </dl>
  <div class="actions">
    ${action('look', 'Move the map', 'Flies to a place that needs new tiles')}
    ${action('expire', 'Let the token expire', 'Pauses renewal: requests must wait')}
    ${action('corrupt', 'Corrupt the token', 'The server refuses it, then it is replaced')}
    ${action('break', 'Break the broker', 'It answers 503; without a token, tiles wait')}
  </div>
  <div class="actions" data-part="more" hidden></div>
  <button type="button" class="switch" role="switch" aria-checked="false" data-part="without">
    <span class="track" aria-hidden="true"></span>
    <span><strong>Without Tilepass</strong> <small>One token, fetched once and never renewed</small></span>
  </button>
  <section class="log"><h2>Events</h2><ol data-part="log"></ol></section>
`

/** The panel's elements, and the changes that the page makes to them. */
export interface PanelView {
  part(name: string): HTMLElement
  /** Sets an element's text. Writes to the page only if the text is different. */
  write(name: string, text: string): void
  /** Shows on a button what it is doing; undefined: nothing. */
  setProgress(name: string, text: string | undefined): void
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

  /** What the buttons say while they do nothing. */
  const hints = new Map<string, string>()

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
    setProgress(name, text) {
      const hint = hints.get(name) ?? view.part(`${name}-hint`).textContent ?? ''
      hints.set(name, hint)
      view.part(name).classList.toggle('active', text !== undefined)
      view.write(`${name}-hint`, text ?? hint)
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
