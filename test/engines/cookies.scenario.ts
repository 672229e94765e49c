/** Where an image is requested: see {@link run}. */
export const PLACES = ['page', 'port', 'frame', 'site'] as const
export type Place = (typeof PLACES)[number]

/**
 * Sets cookies, and requests images of the page's own server (`page`), and of another port of its host
 * (`port`). Then a page of another site requests images of the first server: itself (`site`), and by a frame
 * whose page is of that server (`frame`). `127.0.0.1` and `localhost` are two sites.
 */
export async function run(urls: Record<string, string>): Promise<void> {
  const { page = '', tiles = '' } = urls
  if (location.hostname === '127.0.0.1') {
    await fetch('/set', { method: 'POST' })
    await ask(page, 'page')
    await ask(tiles, 'port')
    location.replace(location.href.replace('127.0.0.1', 'localhost'))
    await new Promise(() => {})
  }
  await ask(page, 'site')
  const done = new Promise((resolve) => addEventListener('message', resolve, { once: true }))
  const frame = document.createElement('iframe')
  frame.src = `${page}/frame`
  document.body.append(frame)
  await done
}

/** Requests an image, as a map does whose tokens are in a cookie. */
async function ask(origin: string, place: Place): Promise<void> {
  const image = new Image()
  image.src = `${origin}/seen?place=${place}`
  await image.decode()
}
