import { enter, tilepass } from '../support/engines/page.ts'

/** Tiles of another origin in view of a large screen, and a margin. */
export const TILES = 150

/** Loads the same tiles of another origin twice, six at a time, as a map does. */
export async function run(urls: Record<string, string>): Promise<void> {
  const base = `${urls.tiles}/v1/`
  const tokens = tilepass().createTokenManager('/map-token?user=anna', { allow: [base] })
  for (const round of ['first', 'second']) {
    await enter(round)
    const rest = Array.from({ length: TILES }, (_, x) => `${base}8/${x}/0.png`)
    const loadRest = async () => {
      for (let url = rest.shift(); url; url = rest.shift()) await (await tokens.fetch(url)).blob()
    }
    await Promise.all(Array.from({ length: 6 }, loadRest))
  }
  tokens.dispose()
}
