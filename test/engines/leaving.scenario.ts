import { enter, LIBRARIES, type Library, openMap, tilepass } from '../support/engines/page.ts'

/** How a map was found by a user who left it while tiles were loading, and came back. */
export interface Return {
  readonly library: Library
  /** Did the browser keep the page as it was? */
  readonly persisted: boolean
  /** Tiles that failed before the next token. */
  readonly failed: number
}

/** Where the scenario is, over the pages that it takes: a page that was not kept starts anew. */
interface Progress {
  readonly returns: readonly Return[]
  /** What the page showed when it was left. */
  readonly left?: Library
}

const readProgress = (): Progress =>
  JSON.parse(sessionStorage.getItem('progress') ?? '{"returns":[]}')
const writeProgress = (progress: Progress) =>
  sessionStorage.setItem('progress', JSON.stringify(progress))

/** Leaves the page in the midst of loading, once with each library, and comes back by the history. */
export async function run(urls: Record<string, string>): Promise<readonly Return[]> {
  const { returns, left } = readProgress()
  const library = left ?? LIBRARIES[returns.length]
  if (library === undefined) return returns
  if (left) await fetch('/release', { method: 'POST' })
  await enter(`${library}, ${left ? 'again' : 'first'}`)
  // Of another server, whose connections may all be taken without the pages waiting for one.
  const base = `${urls.tiles}/v1/${library}`
  const tokens = tilepass().createTokenManager('/map-token?user=anna', { allow: [`${base}/`] })
  const map = await openMap(library, `${base}/{z}/{x}/{y}.png`, tokens)
  await map.show(0)
  let persisted = false
  if (left) await map.show(1)
  else {
    await fetch('/hold', { method: 'POST' })
    const shown = map.show(1)
    await fetch('/held')
    persisted = await leave(library)
    await enter(`${library}, kept`)
    await fetch('/release', { method: 'POST' })
    await shown
    await enter(`${library}, renewed`)
    await tokens.renew()
    // Each tile that was left has been sent.
    await fetch('/sent')
  }
  await map.show(2)
  const next = [...returns, { library, persisted, failed: map.failed() }]
  map.remove()
  tokens.dispose()
  writeProgress({ returns: next })
  return run(urls)
}

/** @returns Whether the browser kept the page; where it did not, the page is gone, and no promise settles. */
async function leave(library: Library): Promise<boolean> {
  writeProgress({ ...readProgress(), left: library })
  const back = new Promise<boolean>((resolve) => {
    addEventListener('pageshow', ({ persisted }) => resolve(persisted), { once: true })
  })
  location.assign('/elsewhere')
  return back
}
