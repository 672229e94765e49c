import type { TokenManager } from '@tilepass/core'
import type { DemoSource } from './demo-source.ts'
import type { PanelView } from './panel-view.ts'

/** A token that lives longer than this is rejected at once, to spare the user the wait, in ms. */
const MAX_WAIT = 20_000
/** How long the page stays without a valid token before it may fetch the next one, in ms. */
const EXPIRED_FOR = 2_000

/** What the panel's buttons act on. */
export interface Actions {
  readonly tokens: TokenManager
  readonly demo: DemoSource
  readonly view: PanelView
  log(text: string): void
  look(): void
}

/** Connects the buttons. Their faults affect this page only. */
export function addActions(actions: Actions): void {
  const { view, look } = actions
  view.part('look').addEventListener('click', look)
  addExpiry(actions)
  addCorruption(actions)
  addOutage(actions)
}

function addExpiry({ tokens, demo, view, log, look }: Actions): void {
  let isRunning = false

  function expire(value: string, isEarly: boolean): void {
    if (isEarly) tokens.reject(value)
    log('Token expired: requests wait for the next one')
    view.setProgress('expire', 'Expired. Requests wait for the next token')
    look()
    const off = tokens.on('renewed', () => {
      off()
      isRunning = false
      view.setProgress('expire', undefined)
    })
  }

  view.part('expire').addEventListener('click', () => {
    const held = tokens.peek()
    if (!held || isRunning) return
    isRunning = true
    const remaining = held.expiresAt - Date.now()
    const isEarly = remaining > MAX_WAIT
    const end = Date.now() + (isEarly ? 0 : remaining)
    demo.delayUntil(end + EXPIRED_FOR)
    if (isEarly) return expire(held.value, isEarly)
    log('Renewal paused until the token expires')
    const show = () => {
      const seconds = Math.ceil((end - Date.now()) / 1000)
      view.setProgress('expire', `Renewal is paused. Expires in ${seconds} s`)
    }
    show()
    const timer = setInterval(show, 200)
    setTimeout(() => {
      clearInterval(timer)
      expire(held.value, isEarly)
    }, end - Date.now())
  })
}

function addCorruption({ tokens, demo, view, log, look }: Actions): void {
  let isRunning = false
  view.part('corrupt').addEventListener('click', async () => {
    if (isRunning) return
    isRunning = true
    demo.corruptNext()
    log('Token corrupted: the server will refuse it')
    view.setProgress('corrupt', 'Corrupt until the server refuses it')
    // While the broker is down, the corrupt token is only the next one to arrive.
    let renewals = await tokens.renew().then(
      () => 1,
      () => 2,
    )
    const off = tokens.on('renewed', () => {
      renewals--
      if (renewals > 0) return
      off()
      isRunning = false
      log('Corrupt token replaced')
      view.setProgress('corrupt', undefined)
    })
    look()
  })
}

function addOutage({ tokens, demo, view, log }: Actions): void {
  view.part('break').addEventListener('click', () => {
    demo.broken = !demo.broken
    view.write('break-label', demo.broken ? 'Restore the broker' : 'Break the broker')
    view.setProgress('break', demo.broken ? 'It is down. The token cannot be renewed' : undefined)
    log(demo.broken ? 'Broker is down: it answers 503' : 'Broker is up again')
    // The manager's events show the result in the panel.
    void tokens.renew().catch(() => {})
  })
}
