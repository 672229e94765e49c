import { enter, tilepass } from '../support/engines/page.ts'
import { hide, openSession, type Session, set, type Travel } from '../support/engines/session.ts'
import { MAP_LIBRARIES, type MapLibrary, pause, until } from '../support/engines/session-map.ts'
import type { Endpoint } from '../support/engines/session-servers.ts'
import { FEW_FRAMES } from '../support/pages/panning.ts'

/** What a page saw. Times in ms. */
export interface SessionsReport {
  /** How long each part took. */
  readonly took: Readonly<Record<string, number>>
  /** Tiles that failed, by session, those included that were loaded later. */
  readonly failed: Readonly<Record<string, number>>
  /** Tokens that the three frames had in all, of their own exchanges or of each other. */
  readonly shared: number
}

const MATRIX: readonly (readonly [MapLibrary, Travel])[] = [
  ...MAP_LIBRARIES.flatMap((library) =>
    (['header', 'query', 'cookie'] as const).map((travel) => [library, travel] as const),
  ),
  ['maplibre-6', 'archive'],
]
const LIFETIME = 2000
export const FRAMES = 3
/** Tokens that each frame uses. */
const SHARED_RENEWALS = 3

/** Runs all sessions at the same time. A session that takes longer delays the next part for all. */
export async function run(urls: Record<string, string>): Promise<SessionsReport> {
  drawSeldom()
  const took: Record<string, number> = {}
  async function measure(part: string, act: () => Promise<unknown>): Promise<void> {
    const start = performance.now()
    await enter(part)
    await act()
    took[part] = Math.round(performance.now() - start)
    await enter(`after: ${part}`)
  }
  await enter('opening')
  const open = (endpoint: Endpoint, [library, travel]: readonly [MapLibrary, Travel]) =>
    openSession(urls, endpoint, library, travel)
  const sessions = await Promise.all(MATRIX.map((kind) => open('main', kind)))
  const all = (act: (session: Session) => Promise<unknown>) => Promise.all(sessions.map(act))
  const recover = () => all(({ recover }) => recover())
  const renew = () => all(({ tokens }) => tokens.renew())
  const settled = () =>
    until(
      () => sessions.every(({ tokens }) => tokens.state !== 'renewing'),
      () => 'An exchange does not end.',
    )

  async function runParts(): Promise<void> {
    await measure('renewals', async () => {
      await all((session) => session.walk(() => session.renewals() >= 4))
      await recover()
    })
    await set('main', { lifetime: 60_000 })
    await enter('longer tokens')
    await renew()
    await measure('revoked', async () => {
      await set('main', { revoke: true })
      await recover()
    })
    await set('main', { lifetime: LIFETIME })
    await enter('shorter tokens')
    await renew()
    let isDown = true
    const walks = all((session) => session.walk(() => !isDown))
    await measure('down', async () => {
      await set('main', { isDown: true })
      await pause(4000)
    })
    await measure('up', async () => {
      await set('main', { isDown: false })
      isDown = false
      await walks
      await recover()
    })
  }

  const outages = (['maplibre-6', 'leaflet'] as const).map(async (library) => {
    const session = await open('outage', [library, 'header'])
    await session.walk(() => session.renewals() >= 2)
    return session
  })
  const outage = Promise.all(outages).then(async (sessions) => {
    const start = performance.now()
    await set('outage', { isDown: true })
    let isDown = true
    const walks = Promise.all(sessions.map(({ walk }) => walk(() => !isDown)))
    await pause(10_000)
    await set('outage', { isDown: false })
    took.outage = Math.round(performance.now() - start)
    isDown = false
    await walks
    await Promise.all(sessions.map(({ recover }) => recover()))
    took['outage and after'] = Math.round(performance.now() - start)
    for (const { map, tokens } of sessions) {
      map.remove()
      tokens.dispose()
    }
  })
  const [shared] = await Promise.all([share(), runParts(), outage])

  let isOffline = true
  const walks = all((session) => session.walk(() => !isOffline))
  await measure('offline', async () => {
    for (const server of ['page', 'tiles'])
      await fetch(`${urls.control}/refuse/${server}`, { method: 'POST' })
    await pause(3000)
    for (const server of ['tiles', 'page'])
      await fetch(`${urls.control}/accept/${server}`, { method: 'POST' })
  })
  await measure('online', async () => {
    isOffline = false
    await walks
    await recover()
  })
  const show = await hide(urls.control ?? '')
  await settled()
  await measure('hidden', () => pause(3500))
  await measure('visible', async () => {
    await show()
    await recover()
  })
  const failed = Object.fromEntries(sessions.map(({ name, map }) => [name, map.failed()]))
  return { took, failed, shared }
}

/** Frames of one origin that share their tokens. @returns How many tokens they had in all. */
async function share(): Promise<number> {
  const counts = await Promise.all(
    Array.from({ length: FRAMES }, async (_, index) => {
      const frame = document.createElement('iframe')
      Object.assign(frame.style, { width: '10px', height: '10px' })
      frame.src = '/frame'
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
      document.body.append(frame)
      await loaded
      const { createTokenManager, shareAcrossTabs } = tilepass(frame.contentWindow as Window)
      const source = shareAcrossTabs(`/shared/token?session=${index}`, {
        channel: 'map-token:anna',
      })
      const base = `/v1/shared/header/${index}/`
      const tokens = createTokenManager(source, { allow: [base] })
      let count = 0
      tokens.on('renewed', () => {
        count += 1
      })
      while (count < SHARED_RENEWALS) {
        const { status } = await tokens.fetch(`${base}0/0/0.png`)
        if (status !== 200) throw new Error(`A tile of frame ${index} was answered ${status}.`)
        await pause(200)
      }
      tokens.dispose()
      frame.remove()
      return count
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Few frames a second: more would take the time of software renderers from everything else. */
function drawSeldom(): void {
  const script = document.createElement('script')
  script.text = FEW_FRAMES
  document.head.append(script)
}
