import { enter, LIBRARIES, type Library, openMap, tilepass } from '../support/engines/page.ts'

/** Tiles that failed, by policy, origin and library. */
export type Failures = Record<string, number>

/**
 * With each library, and tiles of the page's own and of another origin: shows two places, goes back to
 * both, and three times renews the token and shows one of them. Then another user comes.
 */
export async function run(urls: Record<string, string>): Promise<Failures> {
  const failures: Failures = {}
  for (const library of LIBRARIES) {
    failures[`kept, page, ${library}`] = await look(library, `${urls.page}/v1/kept/${library}/`)
    failures[`kept, tiles, ${library}`] = await look(library, `${urls.tiles}/v1/kept/${library}/`)
  }
  // The library makes no difference to the browser's cache.
  failures['asks, page, leaflet'] = await look('leaflet', `${urls.page}/v1/asks/leaflet/`)
  return failures
}

/** @returns How many tiles failed. */
async function look(library: Library, base: string): Promise<number> {
  const open = async (user: string) => {
    const tokens = tilepass().createTokenManager(`/map-token?user=${user}`, { allow: [base] })
    return { tokens, map: await openMap(library, `${base}{z}/{x}/{y}.png`, tokens) }
  }
  await enter('first')
  const { tokens, map } = await open('anna')
  for (const place of [0, 1]) await map.show(place)
  await enter('back')
  for (const place of [0, 1]) await map.show(place)
  await enter('renewed')
  for (const place of [0, 1, 0]) {
    await tokens.renew()
    await map.show(place)
  }
  map.remove()
  tokens.dispose()
  await enter('other user')
  const other = await open('bert')
  await other.map.show(0)
  other.map.remove()
  other.tokens.dispose()
  return map.failed() + other.map.failed()
}
