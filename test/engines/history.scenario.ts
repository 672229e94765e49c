import { enter, tilepass } from '../support/engines/page.ts'

/**
 * Anna loads tiles in a frame and leaves it; Bert goes back to it in the history. A frame, because a whole
 * page may come back out of the back/forward cache as it was, without a request.
 *
 * Both load before the frame's `load` event: until then a browser that goes back prefers its cache.
 *
 * @returns How the frame was loaded each time, and whether it was complete too early.
 */
export async function run(): Promise<string[]> {
  const frame = document.createElement('iframe')
  const types: string[] = []

  async function visit(user: string): Promise<void> {
    const visitor = await new Promise<Window>((resolve) => {
      Object.assign(window, { visited: resolve })
    })
    const tokens = tilepass(visitor).createTokenManager(`/map-token?user=${user}`, {
      allow: ['/v1/'],
    })
    await enter(user)
    for (const policy of ['kept', 'asks'])
      for (const x of [0, 1, 2, 3]) await (await tokens.fetch(`/v1/${policy}/2/${x}/0.png`)).blob()
    tokens.dispose()
    const [entry] = visitor.performance.getEntriesByType('navigation')
    const state = visitor.document.readyState === 'complete' ? 'complete' : 'loading'
    types.push(`${(entry as PerformanceNavigationTiming).type}, ${state}`)
    if (state === 'complete') return
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
    await fetch('/release', { method: 'POST' })
    await loaded
  }

  const first = visit('anna')
  frame.src = '/frame'
  document.body.append(frame)
  await first
  // A navigation before the page has loaded would replace the entry in the history.
  if (document.readyState !== 'complete')
    await new Promise((resolve) => window.addEventListener('load', resolve, { once: true }))
  await new Promise((resolve) => setTimeout(resolve))
  const left = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
  frame.contentWindow?.location.assign('/elsewhere')
  await left
  await new Promise((resolve) => setTimeout(resolve))
  const second = visit('bert')
  frame.contentWindow?.history.back()
  await second
  return types
}
